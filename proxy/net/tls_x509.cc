#include "proxy/net/tls_x509.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

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

struct FreeInfos {
  void operator()(STACK_OF(X509_INFO) * all) const { sk_X509_INFO_pop_free(all, X509_INFO_free); }
};

// Not by OpenSSL's own way to read a file: it waits for a pipe that nobody writes to, reads a device without
// end, and the buffer of stdio keeps the text when it is freed. A certificate may have its key beside it.
Result<Secret> read_pem(const std::string& path, const std::string& what, size_t maximum_size) {
  auto content = read_file(path, maximum_size);
  if (content) return Secret(std::move(*content));
  const std::string_view why = content.error().message;
  const std::string same = "cannot read " + path + ": ";
  return Error{what + ": " + std::string(why.starts_with(same) ? why.substr(same.size()) : why)};
}

// Valid as long as the text.
BioPtr open_text(const Secret& text) {
  ERR_clear_error();
  return BioPtr(BIO_new_mem_buf(text.reveal().data(), static_cast<int>(text.reveal().size())));
}

}  // namespace

Error openssl_error(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return Error{what + ": " + (reason != nullptr ? reason : "unknown reason")};
}

int no_pass_phrase(char*, int, int, void*) { return -1; }

Result<std::vector<X509Ptr>> read_certificates(const std::string& path) {
  const std::string what = "cannot read the certificate " + path;
  auto text = read_pem(path, what, kMaximumFileSize);
  if (!text) return text.error();
  const BioPtr octets = open_text(*text);
  std::vector<X509Ptr> all;
  while (X509* next = PEM_read_bio_X509(octets.get(), nullptr, no_pass_phrase, nullptr))
    all.emplace_back(next);
  // The end of the file shows as one that has no further beginning of a certificate.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (all.empty() || !at_end) return openssl_error(what);
  ERR_clear_error();
  return all;
}

Result<KeyPtr> read_private_key(const std::string& path) {
  const std::string what = "cannot read the private key " + path;
  auto text = read_pem(path, what, kMaximumSecretSize);
  if (!text) return text.error();
  const BioPtr octets = open_text(*text);
  KeyPtr key(PEM_read_bio_PrivateKey(octets.get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) return openssl_error(what);
  return key;
}

Result<void> trust_authorities(SSL_CTX* context, const std::string& path, const std::string& what) {
  auto text = read_pem(path, what, kMaximumFileSize);
  if (!text) return text.error();
  const BioPtr octets = open_text(*text);
  const std::unique_ptr<STACK_OF(X509_INFO), FreeInfos> all(
      PEM_X509_INFO_read_bio(octets.get(), nullptr, no_pass_phrase, nullptr));
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  bool taken = all != nullptr;
  size_t count = 0;
  for (int i = 0; taken && i < sk_X509_INFO_num(all.get()); ++i) {
    const X509_INFO* one = sk_X509_INFO_value(all.get(), i);
    if (one->x509 != nullptr) taken = X509_STORE_add_cert(store, one->x509) == 1 && ++count > 0;
    if (one->crl != nullptr) taken = taken && X509_STORE_add_crl(store, one->crl) == 1 && ++count > 0;
  }
  if (!taken) return openssl_error(what);
  if (count == 0) return Error{what + ": it holds no certificate"};
  return {};
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
