#include "proxy/keys/sealed_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "config/yaml_reader.h"
#include "proxy/crypto.h"
#include "proxy/safe_file.h"

namespace sluice {
namespace {

constexpr mode_t kOpenToOthers = S_IWGRP | S_IRWXO;  // a group may read: the gate's, say
constexpr mode_t kOwnerAlone = S_IRUSR | S_IWUSR;

Error about(const std::string& path, const std::string& what) {
  return {"sealed key store " + path + ": " + what};
}

StoreFile new_file(const ScryptCost& cost) {
  StoreFile file;
  file.cost = cost;
  file.salt.resize(kSaltOctets);
  random_bytes(reinterpret_cast<uint8_t*>(file.salt.data()), file.salt.size());
  return file;
}

Result<void> check_mode(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT)
      return about(path, "there is none: make it with sluice keys seal NAME --config FILE");
    return about(path, std::string("cannot read it: ") + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) return about(path, "it is not a file: name another in sealed_keys.path");
  if ((status.st_mode & kOpenToOthers) == 0) return {};
  return about(path, std::string((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? "others can write it"
                                                                             : "others can read it") +
                         ": chmod 600 " + path + " (or 640, for a group that may read it)");
}

}  // namespace

Result<StoreFile> read_store_file(const std::string& path) {
  if (auto good = check_mode(path); !good) return good.error();
  const auto text = read_file(path, kMostStoreOctets);
  if (!text) return Error{"sealed key store: " + text.error().message};
  auto file = parse_store(*text);
  if (!file) return about(path, file.error().message);
  return file;
}

Result<SealedStore> SealedStore::open(const std::string& path, const Secret& master) {
  auto file = read_store_file(path);
  if (!file) return file.error();
  StoreKeys derived(master, *file);
  if (!equal_in_constant_time(derived.check(), file->check))
    return about(path, "the master is not the one that it was sealed under: see sealed_keys.master");
  if (!equal_in_constant_time(derived.mac_of(*file), file->mac))
    return about(path, "it was changed by someone who does not have the master: put back a copy of it");
  SealedStore store(path, std::move(*file), std::move(derived));
  for (size_t place = 0; place < store.file_.entries.size(); ++place) {
    const SealedEntry& entry = store.file_.entries[place];
    auto value = store.derived_.open(store.file_, place, entry);
    if (!value)
      return about(path, "key " + entry.name + " is not the one that was sealed here: put back a copy of it");
    store.keys_.push_back({entry.name, std::move(*value)});
  }
  return store;
}

SealedStore SealedStore::make(const std::string& path, const Secret& master, const ScryptCost& cost) {
  StoreFile file = new_file(cost);
  StoreKeys derived(master, file);
  file.check = derived.check();
  return {path, std::move(file), std::move(derived)};
}

const Secret* SealedStore::find(std::string_view name) const {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [name](const Key& key) { return key.name == name; });
  return found == keys_.end() ? nullptr : &found->value;
}

void SealedStore::seal(size_t place) {
  file_.entries[place] = derived_.seal(file_, place, keys_[place].name, keys_[place].value);
}

void SealedStore::put(const std::string& name, Secret value) {
  size_t place = 0;
  while (place < keys_.size() && keys_[place].name != name) ++place;
  if (place == keys_.size()) {
    keys_.push_back({name, {}});
    file_.entries.emplace_back();
  }
  keys_[place].value = std::move(value);
  seal(place);
}

bool SealedStore::remove(std::string_view name) {
  size_t place = 0;
  while (place < keys_.size() && keys_[place].name != name) ++place;
  if (place == keys_.size()) return false;
  keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(place));
  file_.entries.pop_back();
  for (; place < keys_.size(); ++place) seal(place);  // those behind it have moved
  return true;
}

Result<void> SealedStore::save() {
  if (keys_.size() > kMostSealedKeys)
    return about(path_, "it holds " + std::to_string(kMostSealedKeys) + " keys already: remove one first");
  file_.mac = derived_.mac_of(file_);
  const std::string text = to_text(file_);
  if (text.size() > kMostStoreOctets)
    return about(path_, "it would be larger than 4 MiB: remove a key first");
  struct stat before {};
  const bool was_there = ::stat(path_.c_str(), &before) == 0;
  const mode_t mode = was_there ? before.st_mode & 0777 & ~kOpenToOthers : kOwnerAlone;
  if (auto done = replace_file(path_, text, mode); !done)
    return Error{"sealed key store " + done.error().message};
  // Written by root for a gate that is not: it stays the gate's.
  if (was_there && ::chown(path_.c_str(), before.st_uid, before.st_gid) != 0 && ::geteuid() == 0)
    return about(path_,
                 std::string("it was written, but its owner could not be kept: ") + std::strerror(errno));
  return {};
}

Result<void> SealedStore::save_under(const Secret& master, const ScryptCost& cost) {
  SealedStore fresh = make(path_, master, cost);
  for (Key& key : keys_) fresh.put(key.name, key.value);
  *this = std::move(fresh);
  return save();
}

}  // namespace sluice
