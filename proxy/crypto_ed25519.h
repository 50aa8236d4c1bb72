// crypto_ed25519: signatures that others can check without a secret (RFC 8032, Ed25519). The private key
// stays in OpenSSL's memory, which is wiped when it is freed. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "config/secret.h"

namespace sluice {

using Ed25519PublicKey = std::array<uint8_t, 32>;
using Ed25519Signature = std::array<uint8_t, 64>;

class Ed25519Key {
 public:
  static Ed25519Key generate();  // aborts when the system has no random numbers
  // PKCS#8 (RFC 8410), not encrypted. nullopt for anything else, a key of another kind too.
  static std::optional<Ed25519Key> from_pem(std::string_view pem);
  Secret to_pem() const;
  const Ed25519PublicKey& public_key() const { return public_key_; }
  Ed25519Signature sign(std::string_view message) const;

 private:
  // Frees an EVP_PKEY.
  struct Free {
    void operator()(void* key) const;
  };
  explicit Ed25519Key(void* key);

  std::unique_ptr<void, Free> key_;
  Ed25519PublicKey public_key_;
};

// False too for a public key that is no point of the curve.
bool ed25519_verify(const Ed25519PublicKey& key, std::string_view message, std::string_view signature);

}  // namespace sluice
