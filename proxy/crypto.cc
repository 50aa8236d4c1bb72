#include "proxy/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

#include "proxy/crypto_octets.h"

namespace sluice {
namespace {

constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The two digits of every octet.
constexpr auto kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kDigits[i >> 4], kDigits[i & 15]};
  return pairs;
}();

// Returns where to go on.
char* write_octets(char* out, const uint8_t* octets, size_t count) {
  for (size_t i = 0; i < count; ++i, out += 2) std::memcpy(out, kHexPairs[octets[i]].data(), 2);
  return out;
}

// Fetched once: a fetch for each digest costs more than the digest (OpenSSL 3).
const EVP_MD* sha256_method() {
  static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(kMethod != nullptr, "fetching SHA-256");
  return kMethod;
}

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

// Random octets of this thread for identifiers: one call of the generator serves many.
// Not for secrets: what was handed out stays in memory until the next fill.
void identifier_bytes(uint8_t* out, size_t count) {
  struct Pool {
    std::array<uint8_t, 2560> octets{};
    size_t used = sizeof(octets);
  };
  thread_local Pool pool;
  if (pool.octets.size() - pool.used < count) {
    random_bytes(pool.octets.data(), pool.octets.size());
    pool.used = 0;
  }
  std::memcpy(out, pool.octets.data() + pool.used, count);
  pool.used += count;
}

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

template <class ValueOf>
std::optional<std::string> decode_digits(std::string_view digits, const ValueOf& value_of) {
  std::string data;
  data.reserve(digits.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : digits) {
    const int value = value_of(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<uint32_t>(value)) & 0xFFFF;
    held += 6;
    if (held >= 8) {
      held -= 8;
      data += static_cast<char>(bits >> held & 0xFF);
    }
  }
  // Left-over bits must be zero, so that one text stands for one value (RFC 4648 3.5).
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return data;
}

}  // namespace

Sha256 sha256(std::string_view data) {
  thread_local Context context(EVP_MD_CTX_new());
  Sha256 digest;
  require(context && EVP_DigestInit_ex2(context.get(), sha256_method(), nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
              EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1,
          "SHA-256");
  return digest;
}

Sha256 hmac_sha256(std::string_view key, std::string_view data) {
  require(key.size() <= static_cast<size_t>(std::numeric_limits<int>::max()),
          "HMAC-SHA-256: the key's length");
  Sha256 digest;
  unsigned int length = 0;
  // HMAC() takes a null key for "the same as before": an empty key must not be null.
  const unsigned char* key_octets = key.empty() ? octets("") : octets(key);
  require(HMAC(sha256_method(), key_octets, static_cast<int>(key.size()), octets(data), data.size(),
               digest.data(), &length) != nullptr &&
              length == digest.size(),
          "HMAC-SHA-256");
  return digest;
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  require(context_ != nullptr &&
              EVP_DigestInit_ex2(static_cast<EVP_MD_CTX*>(context_), sha256_method(), nullptr) == 1,
          "SHA-256");
}

Sha256Stream::~Sha256Stream() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

void Sha256Stream::update(std::string_view data) {
  require(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), data.data(), data.size()) == 1, "SHA-256");
}

Sha256 Sha256Stream::finish() {
  Sha256 digest;
  auto* context = static_cast<EVP_MD_CTX*>(context_);
  require(EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1 &&
              EVP_DigestInit_ex2(context, sha256_method(), nullptr) == 1,
          "SHA-256");
  return digest;
}

std::string hex(std::string_view data) {
  std::string text(data.size() * 2, '0');
  write_octets(text.data(), octets(data), data.size());
  return text;
}

std::string hex(const Sha256& digest) {
  std::string text(digest.size() * 2, '0');
  write_hex(text.data(), digest);
  return text;
}

std::string fingerprint(const Secret& secret) { return fingerprint(sha256(secret.reveal())); }

std::string fingerprint(const Sha256& digest) {
  constexpr size_t kDigits = 12;
  return hex(digest).substr(0, kDigits);
}

void write_hex(char* out, const Sha256& digest) { write_octets(out, digest.data(), digest.size()); }

std::string base64_encode(std::string_view data) {
  std::string text;
  text.reserve((data.size() + 2) / 3 * 4);
  for (size_t i = 0; i < data.size(); i += 3) {
    const size_t count = std::min<size_t>(3, data.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? static_cast<uint8_t>(data[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) text += j <= count ? kBase64Digits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return decode_digits(text.substr(0, text.size() - padding), base64_value);
}

std::optional<std::string> base64url_decode(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;  // six bits are no octet
  return decode_digits(text, [](char c) {
    if (c == '+' || c == '/') return -1;
    return base64_value(c == '-' ? '+' : (c == '_' ? '/' : c));
  });
}

void random_bytes(uint8_t* out, size_t count) {
  require(count <= static_cast<size_t>(std::numeric_limits<int>::max()) &&
              RAND_bytes(out, static_cast<int>(count)) == 1,
          "the random generator");
}

std::string uuid_v7() {
  std::string text;
  assign_uuid_v7(text);
  return text;
}

void assign_uuid_v7(std::string& text) {
  std::array<uint8_t, 16> id{};
  identifier_bytes(id.data() + 6, 10);
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto ms =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
  for (size_t i = 0; i < 6; ++i) id[i] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  id[6] = static_cast<uint8_t>((id[6] & 0x0F) | 0x70);  // version 7
  id[8] = static_cast<uint8_t>((id[8] & 0x3F) | 0x80);  // variant 10
  text.resize(36);
  char* at = text.data();
  const uint8_t* from = id.data();
  for (const size_t count : {4U, 2U, 2U, 2U, 6U}) {
    if (from != id.data()) *at++ = '-';
    at = write_octets(at, from, count);
    from += count;
  }
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sluice
