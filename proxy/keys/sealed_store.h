// SealedStore: the names and values of a sealed key store (interface 2.3), opened with its master.
// Owner: who opens it, for as long as it takes. Thread: one. Fails: with the path and the remedy, never a
// value. An old copy of the whole file is a store like any other: that it is old cannot be seen from within.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"
#include "config/secret.h"
#include "proxy/keys/store_keys.h"

namespace sluice {

// Refuses a file that others may read or write, and all that parse_store() refuses. Needs no master.
Result<StoreFile> read_store_file(const std::string& path);

class SealedStore {
 public:
  struct Key {
    std::string name;
    Secret value;
  };

  // Told apart: no file, open to others, cut short, damaged, a wrong master, changed without the master.
  static Result<SealedStore> open(const std::string& path, const Secret& master);
  // Nothing is written until save().
  static SealedStore make(const std::string& path, const Secret& master, const ScryptCost& cost = kStoreCost);

  const std::vector<Key>& keys() const { return keys_; }
  // nullptr when there is none of that name.
  const Secret* find(std::string_view name) const;
  // Replaces the value of that name, or adds it behind the others. Requires: a name, and a value not empty.
  void put(const std::string& name, Secret value);
  bool remove(std::string_view name);  // false: there is none

  // Whole or not at all. Keys that did not change or move keep their line. A file that was there keeps its
  // owner and mode, a new one is for its owner alone (0600).
  Result<void> save();
  // Under a new master, with a new salt; every key is sealed anew.
  Result<void> save_under(const Secret& master, const ScryptCost& cost = kStoreCost);

 private:
  SealedStore(std::string path, StoreFile file, StoreKeys derived)
      : path_(std::move(path)), file_(std::move(file)), derived_(std::move(derived)) {}
  void seal(size_t place);

  std::string path_;
  StoreFile file_;
  StoreKeys derived_;
  std::vector<Key> keys_;  // as file_.entries, one for one
};

// Held while a store is read, changed and written: another process that wants to do the same waits. An flock
// on PATH.lock, which the system lets go of when the process ends.
class StoreLock {
 public:
  static Result<StoreLock> wait(const std::string& store_path);
  StoreLock(StoreLock&& other) noexcept;
  StoreLock& operator=(StoreLock&& other) = delete;
  ~StoreLock();

 private:
  explicit StoreLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sluice
