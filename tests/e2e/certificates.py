"""A certificate authority of the test's own, made by openssl when the test runs: no private key is kept in the repository."""

import hashlib
import pathlib
import ssl
import subprocess


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr}")


class Authority:
    def __init__(self, directory, name="authority"):
        self.directory = pathlib.Path(directory)
        self.certificate = self.directory / f"{name}.crt"
        self.key = self.directory / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", f"/CN=sluice test {name}", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-keyout", str(self.key), "-out", str(self.certificate))

    def issue(self, name, *alternative_names, days=30, self_signed=False):
        """Issues a certificate; `alternative_names` as in "DNS:localhost". Returns the paths of certificate and key. With
        `days` -1 it has ended yesterday."""
        certificate, key = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(alternative_names)}\nbasicConstraints=CA:FALSE\n"
                              "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", str(key), "-out", str(request))
        issuer = ["-key", str(key)] if self_signed else ["-CA", str(self.certificate), "-CAkey", str(self.key), "-CAcreateserial"]
        openssl("x509", "-req", "-in", str(request), *issuer, "-days", str(days), "-extfile", str(extensions),
                "-out", str(certificate))
        return str(certificate), str(key)


def fingerprint(path):
    """The SHA-256 of the first certificate of a file, in lower-case hex."""
    text = pathlib.Path(path).read_text()
    end = "-----END CERTIFICATE-----"
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[:text.index(end)] + end)).hexdigest()
