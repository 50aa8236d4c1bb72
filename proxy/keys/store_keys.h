// StoreKeys: what is derived from the master for one store, and what is done with it. 96 octets of scrypt:
// one key for the values, one for the mac, and the check, which is written into the store and tells a wrong
// master from a changed store. Thread: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/secret.h"
#include "proxy/keys/store_file.h"

namespace sluice {

class StoreKeys {
 public:
  // Takes as long as the cost says, 0.2 s as sluice makes stores. Requires: a cost within the bounds.
  StoreKeys(const Secret& master, const StoreFile& store);

  std::string check() const;
  std::string mac_of(const StoreFile& store) const;

  // The value is bound to the store's header, to its place among the keys and to its name: whatever was
  // sealed elsewhere, under another name or in another store does not open.
  SealedEntry seal(const StoreFile& store, size_t place, std::string_view name, const Secret& value) const;
  std::optional<Secret> open(const StoreFile& store, size_t place, const SealedEntry& entry) const;

 private:
  Secret derived_;
};

}  // namespace sluice
