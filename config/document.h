// Document: a YAML file as a tree of values that know where they stand.
// Produced by yaml_reader.h; read through map_reader.h. Duplicate keys, anchors, aliases, tags, several
// documents and excessive depth are refused when the file is read, so that a reviewer and the program see the
// same file.
#pragma once

#include <string>
#include <vector>

#include "config/finding.h"

namespace sluice {

struct Entry;

struct Value {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  Position at;
  std::string text;     // of a scalar
  bool quoted = false;  // a quoted scalar is always a string; a plain one may be a number, a boolean or null
  std::vector<Value> items;    // of a list
  std::vector<Entry> entries;  // of a map, in file order; keys are scalars

  // What stood here has been reported (an alias, an unset variable); it is kNull, and readers do not report
  // it again.
  bool reported = false;

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // The value of a key of this map, or nullptr.
  const Value* find(std::string_view key) const;
};

// One line of a map. Not a std::pair: that would need Value to be complete within Value.
struct Entry {
  Value key;
  Value value;
};

// "a list", "a map", "a text", for messages.
std::string_view kind_name(Value::Kind kind);

}  // namespace sluice
