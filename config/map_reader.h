// MapReader: reads one YAML map into a struct, key by key, and reports what is left over.
// Every wrong type, missing key and unknown key (with the nearest known name) becomes a finding.
// Use: construct on the stack, call the readers for every known key, then finish().
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.h"
#include "config/units.h"

namespace sluice {

class MapReader {
 public:
  // `what` names the map in messages: "a rule", "limits". A value that is not a map is reported at once.
  MapReader(const Value& value, std::string_view what, Findings& findings);

  // The value of a key, or nullptr when absent (an absent required key is reported). Marks the key as known.
  const Value* optional(std::string_view key);
  const Value* required(std::string_view key);

  // Each leaves `out` alone when the key is absent or wrong (wrong is reported).
  void text(std::string_view key, std::string& out);
  void boolean(std::string_view key, bool& out);
  void integer(std::string_view key, int64_t& out, int64_t low, int64_t high);
  void number(std::string_view key, double& out);
  void duration(std::string_view key, Millis& out, Millis low = Millis{0}, Millis high = Millis::max());
  void size(std::string_view key, Bytes& out, Bytes low = {0}, Bytes high = {UINT64_MAX});
  void texts(std::string_view key, std::vector<std::string>& out);  // one text or a list of texts

  // One of a few names. Use: map.choice("effect", {{"allow", Effect::kAllow}, {"deny", Effect::kDeny}},
  // rule.effect).
  template <class T>
  void choice(std::string_view key, std::initializer_list<std::pair<std::string_view, T>> choices, T& out) {
    std::vector<std::string> names;
    for (const auto& [name, chosen] : choices) names.emplace_back(name);
    const std::optional<size_t> index = name_of(key, names);
    if (index) out = (choices.begin() + *index)->second;
  }

  // Reports every key that no call above has named, with a suggestion.
  void finish();
  bool is_map() const { return value_.is_map(); }
  const Position& at() const { return value_.at; }

 private:
  std::optional<size_t> name_of(std::string_view key, const std::vector<std::string>& names);
  void out_of_range(const Value& value, std::string_view key, const std::string& low,
                    const std::string& high);

  const Value& value_;
  std::string what_;
  Findings& findings_;
  std::vector<std::string> known_;
};

// Scalars of plain YAML. Each reports a wrong kind under `what` and returns nullopt.
std::optional<std::string> read_text(const Value& value, std::string_view what, Findings& findings);
std::optional<bool> read_boolean(const Value& value, std::string_view what, Findings& findings);
std::optional<int64_t> read_integer(const Value& value, std::string_view what, Findings& findings);
std::optional<double> read_number(const Value& value, std::string_view what, Findings& findings);
std::optional<Millis> read_duration(const Value& value, std::string_view what, Findings& findings);
std::optional<Bytes> read_size(const Value& value, std::string_view what, Findings& findings);
// One text or a list of texts.
std::vector<std::string> read_texts(const Value& value, std::string_view what, Findings& findings);
// As read_texts, for those who need to say which one is wrong. Valid as long as the value.
std::vector<const Value*> read_scalars(const Value& value, std::string_view what, Findings& findings);

// The nearest of the known names by edit distance, or "" when none is near. For "did you mean".
std::string_view nearest_name(std::string_view name, std::span<const std::string> known);
// ", did you mean \"x\"?" or "".
std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace sluice
