// crypto_sealing: a key from a pass phrase (scrypt), and authenticated encryption under it (AES-256-GCM).
// Pure; any thread. What is secret comes and goes as a Secret, which is wiped when freed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/secret.h"

namespace sluice {

// RFC 7914 section 2. N = 2^log2_n; takes 128 * N * r octets of memory, and time in proportion to N * r * p.
struct ScryptCost {
  uint32_t log2_n;
  uint32_t r;
  uint32_t p;
  bool operator==(const ScryptCost&) const = default;
};
// Requires: a cost that RFC 7914 allows. Aborts when there is no memory for it.
Secret scrypt(const Secret& phrase, std::string_view salt, const ScryptCost& cost, size_t octets);

constexpr size_t kGcmKeyOctets = 32;
constexpr size_t kGcmNonceOctets = 12;  // NIST SP 800-38D section 5.2.1.1
constexpr size_t kGcmTagOctets = 16;

// The ciphertext with the tag behind it. Requires: a nonce that this key has not been used with.
std::string gcm_seal(std::string_view key, std::string_view nonce, std::string_view associated,
                     std::string_view plain);
// nullopt when any of the four is not the one that was sealed.
std::optional<Secret> gcm_open(std::string_view key, std::string_view nonce, std::string_view associated,
                               std::string_view sealed);

}  // namespace sluice
