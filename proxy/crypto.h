// crypto: the few primitives that the gate needs from OpenSSL, behind plain types. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/secret.h"

namespace sluice {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(std::string_view data);
Sha256 hmac_sha256(std::string_view key, std::string_view data);

// What a secret is called where people compare: the first 12 digits of its SHA-256 in lower-case hex. Tells
// two secrets apart, and nothing of one that is random.
std::string fingerprint(const Secret& secret);
std::string fingerprint(const Sha256& digest);  // of a secret of which only the SHA-256 is known

// Incremental SHA-256, for bodies that stream.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void update(std::string_view data);
  Sha256 finish();

 private:
  void* context_;
};

std::string hex(std::string_view data);  // lower case
std::string hex(const Sha256& digest);
void write_hex(char* out, const Sha256& digest);                  // 64 digits, without a NUL
std::string base64_encode(std::string_view data);                 // with padding (RFC 4648 4)
std::optional<std::string> base64_decode(std::string_view text);  // strict; nullopt for anything else
// RFC 7515 2: the alphabet of RFC 4648 5, without padding. As strict.
std::optional<std::string> base64url_decode(std::string_view text);

void random_bytes(uint8_t* out, size_t count);  // from the system's generator; aborts if there is none
std::string uuid_v7();                          // RFC 9562 5.7, now
void assign_uuid_v7(std::string& text);         // the same into a text that keeps its memory
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace sluice
