#include "proxy/net/tls_x509.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>

#include "config/secret_source.h"
#include "config/yaml_reader.h"

namespace sluice {

namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

}  // namespace

Error openssl_error(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return Error{what + ": " + (reason != nullptr ? reason : "unknown reason")};
}

int no_pass_phrase(char*, int, int, void*) { return -1; }

Result<std::vector<X509Ptr>> read_certificates(const std::string& path) {
  ERR_clear_error();
  const BioPtr file(BIO_new_file(path.c_str(), "r"));
  std::vector<X509Ptr> all;
  while (file != nullptr) {
    X509Ptr next(PEM_read_bio_X509(file.get(), nullptr, no_pass_phrase, nullptr));
    if (next == nullptr) break;
    all.push_back(std::move(next));
  }
  // The end of the file shows as one that has no further beginning of a certificate.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (all.empty() || !at_end) return openssl_error("cannot read the certificate " + path);
  ERR_clear_error();
  return all;
}

// Not by OpenSSL's own way to read a file: the buffer of stdio keeps the text when it is freed.
Result<KeyPtr> read_private_key(const std::string& path) {
  auto content = read_file(path, kMaximumSecretSize);
  if (!content) {
    const std::string_view why = content.error().message;
    const std::string same = "cannot read " + path + ": ";
    return Error{"cannot read the private key " + path + ": " +
                 std::string(why.starts_with(same) ? why.substr(same.size()) : why)};
  }
  const Secret text(std::move(*content));
  ERR_clear_error();
  const BioPtr octets(BIO_new_mem_buf(text.reveal().data(), static_cast<int>(text.reveal().size())));
  KeyPtr key(PEM_read_bio_PrivateKey(octets.get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) return openssl_error("cannot read the private key " + path);
  return key;
}

Sha256 digest_of(const X509* certificate) {
  Sha256 digest{};
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  return digest;
}

int64_t unix_time(const ASN1_TIME* time) {
  tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

CertificateInfo describe(const std::string& file, const X509* certificate) {
  CertificateInfo info;
  info.file = file;
  info.sha256 = hex(digest_of(certificate));
  tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return info;
  info.ends = timegm(&parts);
  std::array<char, 32> text{};
  info.not_after.assign(text.data(), strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return info;
}

}  // namespace sluice
