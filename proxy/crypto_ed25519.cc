#include "proxy/crypto_ed25519.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <limits>

#include "proxy/crypto_octets.h"

namespace sluice {
namespace {

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

// An encrypted key is no key for us: nobody is there to be asked.
int no_password(char*, int, int, void*) { return -1; }

}  // namespace

void Ed25519Key::Free::operator()(void* key) const { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }

Ed25519Key::Ed25519Key(void* key) : key_(key) {
  size_t size = public_key_.size();
  require(EVP_PKEY_get_raw_public_key(static_cast<EVP_PKEY*>(key), public_key_.data(), &size) == 1 &&
              size == public_key_.size(),
          "reading an Ed25519 public key");
}

Ed25519Key Ed25519Key::generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  require(key != nullptr, "making an Ed25519 key");
  return Ed25519Key(key);
}

std::optional<Ed25519Key> Ed25519Key::from_pem(std::string_view pem) {
  if (pem.size() > static_cast<size_t>(std::numeric_limits<int>::max())) return std::nullopt;
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(bio != nullptr, "memory for a key");
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr);
  if (key == nullptr) return std::nullopt;
  if (EVP_PKEY_is_a(key, "ED25519") != 1) {
    EVP_PKEY_free(key);
    return std::nullopt;
  }
  return Ed25519Key(key);
}

Secret Ed25519Key::to_pem() const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  char* text = nullptr;
  require(bio != nullptr && PEM_write_bio_PKCS8PrivateKey(bio.get(), static_cast<EVP_PKEY*>(key_.get()),
                                                          nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "writing an Ed25519 key");
  const long size = BIO_get_mem_data(bio.get(), &text);
  return Secret(std::string(text, static_cast<size_t>(size)));
}

Ed25519Signature Ed25519Key::sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
  Ed25519Signature signature{};
  size_t size = signature.size();
  require(context != nullptr &&
              EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                                 static_cast<EVP_PKEY*>(key_.get())) == 1 &&
              EVP_DigestSign(context.get(), signature.data(), &size, octets(message), message.size()) == 1 &&
              size == signature.size(),
          "an Ed25519 signature");
  return signature;
}

bool ed25519_verify(const Ed25519PublicKey& key, std::string_view message, std::string_view signature) {
  if (signature.size() != std::tuple_size_v<Ed25519Signature>) return false;
  const std::unique_ptr<EVP_PKEY, KeyFree> loaded(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const std::unique_ptr<EVP_MD_CTX, ContextFree> context(EVP_MD_CTX_new());
  return loaded != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) == 1 &&
         EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(message),
                          message.size()) == 1;
}

}  // namespace sluice
