#include "proxy/keys/store_keys.h"

#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr size_t kPart = 32;  // octets, of each of the three

std::string associated(const StoreFile& store, size_t place, std::string_view name) {
  return header_text(store) + std::to_string(place) + "\n" + std::string(name);
}

std::string octets_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

StoreKeys::StoreKeys(const Secret& master, const StoreFile& store)
    : derived_(scrypt(master, store.salt, store.cost, 3 * kPart)) {}

std::string StoreKeys::check() const { return std::string(derived_.reveal().substr(2 * kPart)); }

std::string StoreKeys::mac_of(const StoreFile& store) const {
  return octets_of(hmac_sha256(derived_.reveal().substr(kPart, kPart), covered_text(store)));
}

// A random nonce is safe for 2^32 values under one key (NIST SP 800-38D section 8.3).
SealedEntry StoreKeys::seal(const StoreFile& store, size_t place, std::string_view name,
                            const Secret& value) const {
  std::string nonce(kGcmNonceOctets, '\0');
  random_bytes(reinterpret_cast<uint8_t*>(nonce.data()), nonce.size());
  std::string sealed =
      gcm_seal(derived_.reveal().substr(0, kPart), nonce, associated(store, place, name), value.reveal());
  return {std::string(name), std::move(nonce), std::move(sealed)};
}

std::optional<Secret> StoreKeys::open(const StoreFile& store, size_t place, const SealedEntry& entry) const {
  return gcm_open(derived_.reveal().substr(0, kPart), entry.nonce, associated(store, place, entry.name),
                  entry.sealed);
}

}  // namespace sluice
