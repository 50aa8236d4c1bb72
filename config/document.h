// Document: a YAML file as a tree of values that know where they stand.
// Produced by yaml_reader.h; read through map_reader.h. Duplicate keys, anchors, aliases, tags, several documents
// and excessive depth are refused when the file is read, so that a reviewer and the program see the same file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/finding.h"

namespace sluice {

struct Value {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  Position at;
  std::string text;     // of a scalar
  bool quoted = false;  // a quoted scalar is always a string; a plain one may be a number, a boolean or null
  std::vector<Value> items;                              // of a list
  std::vector<std::pair<Value, Value>> entries;          // of a map, in file order; keys are scalars

  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // The value of a key of this map, or nullptr.
  const Value* find(std::string_view key) const;
};

// "a list", "a map", "a text", for messages.
std::string_view kind_name(Value::Kind kind);

}  // namespace sluice
