// tls_x509: certificates and keys of OpenSSL, owned and described. Only proxy/net/tls_*.cc include this. Pure
// but for the files that are read; any thread.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "config/result.h"
#include "proxy/crypto.h"
#include "proxy/net/tls_material.h"

namespace sluice {

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }  // wipes a private one
};
using X509Ptr = std::unique_ptr<X509, FreeX509>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

// `what` and this thread's last error, which is cleared.
Error openssl_error(const std::string& what);
// A callback for pass phrases: a key that wants one is refused; OpenSSL would ask for it on the terminal.
int no_pass_phrase(char*, int, int, void*);

// Every certificate of a PEM file, at least one.
Result<std::vector<X509Ptr>> read_certificates(const std::string& path);
Result<KeyPtr> read_private_key(const std::string& path);
// Takes a PEM file's certificates, at least one, and revocation lists into the context's store. `what` is
// what an error says first.
Result<void> trust_authorities(SSL_CTX* context, const std::string& path, const std::string& what);

Sha256 digest_of(const X509* certificate);
CertificateInfo describe(const std::string& file, const X509* certificate);
// As Unix time; 0 for what is no time.
int64_t unix_time(const ASN1_TIME* time);

}  // namespace sluice
