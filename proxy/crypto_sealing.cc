#include "proxy/crypto_sealing.h"

#include <openssl/evp.h>

#include <limits>
#include <memory>

#include "proxy/crypto_octets.h"

namespace sluice {
namespace {

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

int length_of(std::string_view data) {
  require(data.size() <= static_cast<size_t>(std::numeric_limits<int>::max() / 2), "AES-256-GCM: a length");
  return static_cast<int>(data.size());
}

}  // namespace

Secret scrypt(const Secret& phrase, std::string_view salt, const ScryptCost& cost, size_t count) {
  const std::string_view text = phrase.reveal();
  const uint64_t n = uint64_t{1} << cost.log2_n;
  // What RFC 7914 section 6 holds at once: V, B and T, and room for one more block each.
  const uint64_t memory = uint64_t{128} * cost.r * (n + cost.p + 8);
  std::string key(count, '\0');
  require(EVP_PBE_scrypt(text.data(), text.size(), octets(salt), salt.size(), n, cost.r, cost.p, memory,
                         octets(key), key.size()) == 1,
          "scrypt");
  return Secret(std::move(key));
}

std::string gcm_seal(std::string_view key, std::string_view nonce, std::string_view associated,
                     std::string_view plain) {
  require(key.size() == kGcmKeyOctets && nonce.size() == kGcmNonceOctets, "AES-256-GCM: a length");
  const Context context(EVP_CIPHER_CTX_new());
  std::string sealed(plain.size() + kGcmTagOctets, '\0');
  int length = 0;
  int rest = 0;
  require(
      context != nullptr &&
          EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), octets(key), octets(nonce), nullptr) == 1 &&
          EVP_EncryptUpdate(context.get(), nullptr, &length, octets(associated), length_of(associated)) ==
              1 &&
          EVP_EncryptUpdate(context.get(), octets(sealed), &length, octets(plain), length_of(plain)) == 1 &&
          EVP_EncryptFinal_ex(context.get(), octets(sealed) + length, &rest) == 1 &&
          EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kGcmTagOctets),
                              octets(sealed) + plain.size()) == 1,
      "AES-256-GCM");
  return sealed;
}

std::optional<Secret> gcm_open(std::string_view key, std::string_view nonce, std::string_view associated,
                               std::string_view sealed) {
  require(key.size() == kGcmKeyOctets, "AES-256-GCM: a length");
  if (nonce.size() != kGcmNonceOctets || sealed.size() < kGcmTagOctets) return std::nullopt;
  const std::string_view body = sealed.substr(0, sealed.size() - kGcmTagOctets);
  std::string tag(sealed.substr(body.size()));
  std::string plain;
  plain.reserve(32);  // on the heap, where a move leaves no copy behind
  plain.resize(body.size());
  const Context context(EVP_CIPHER_CTX_new());
  int length = 0;
  int rest = 0;
  require(
      context != nullptr &&
          EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), octets(key), octets(nonce), nullptr) == 1 &&
          EVP_DecryptUpdate(context.get(), nullptr, &length, octets(associated), length_of(associated)) ==
              1 &&
          EVP_DecryptUpdate(context.get(), octets(plain), &length, octets(body), length_of(body)) == 1 &&
          EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kGcmTagOctets),
                              tag.data()) == 1,
      "AES-256-GCM");
  const bool authentic = EVP_DecryptFinal_ex(context.get(), octets(plain) + length, &rest) == 1;
  Secret opened(std::move(plain));
  if (!authentic) return std::nullopt;
  return opened;
}

}  // namespace sluice
