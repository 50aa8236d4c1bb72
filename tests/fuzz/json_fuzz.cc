// A body: the strict reader takes what nlohmann/json takes and gives the same tree, and refuses the rest;
// what it refuses beyond that has one of four reasons.
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "policy/json_view.h"
#include "policy/unicode.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

using Json = nlohmann::json;
using Type = JsonValue::Type;

constexpr size_t kMostLevels = 64;

void check_integer(const JsonValue& value, const Json& other) {
  if (value.integer_exact) {
    require(other.is_number_integer() && other.get<int64_t>() == value.integer, "an integer is the same");
    require(!other.is_number_unsigned() || other.get<uint64_t>() == static_cast<uint64_t>(value.integer),
            "a large integer is not exact");
  }
  require(other.is_number() && other.get<double>() == value.number, "a whole number is the same");
}

void check_same(const JsonValue& value, const Json& other, bool fold, size_t level);

void check_object(const JsonValue& value, const Json& other, bool fold, size_t level) {
  // nlohmann keeps the last of equal keys: as many members means that none stood twice.
  require(other.is_object() && other.size() == value.members.size(), "an object has as many members");
  std::set<std::string> keys;
  for (const auto& [key, member] : value.members) {
    require(keys.insert(key).second, "a key stands once");
    require(value.find(key) == &member, "a member is found by its key");
  }
  for (const auto& [key, member] : other.items()) {
    const JsonValue* found = value.find(fold ? fold_case(key).value() : key);
    require(found != nullptr, "a member is there");
    check_same(*found, member, fold, level + 1);
  }
}

void check_same(const JsonValue& value, const Json& other, bool fold, size_t level) {
  require(level <= kMostLevels, "a tree has its depth");
  switch (value.type) {
    case Type::kNull: return require(other.is_null(), "null is null");
    case Type::kBoolean:
      return require(other.is_boolean() && other.get<bool>() == value.boolean, "a boolean is the same");
    case Type::kInteger: return check_integer(value, other);
    case Type::kNumber:
      require(std::isfinite(value.number), "a number is finite");
      return require(other.is_number_float() && other.get<double>() == value.number, "a number is the same");
    case Type::kString:
      return require(other.is_string() && other.get<std::string>() == value.text, "a text is the same");
    case Type::kArray:
      require(other.is_array() && other.size() == value.items.size(), "a list is as long");
      for (size_t i = 0; i < value.items.size(); ++i) check_same(value.items[i], other[i], fold, level + 1);
      return;
    case Type::kObject: return check_object(value, other, fold, level);
  }
}

std::string escape(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

// Every value has a pointer that names it and nothing else.
void check_pointers(const JsonValue& root, const JsonValue& value, const std::string& place, bool fold,
                    int& budget) {
  if (--budget < 0) return;
  const Result<JsonPointer> pointer = JsonPointer::parse(place, fold);
  require(pointer.ok(), "a place is a pointer");
  std::vector<const JsonValue*> found;
  pointer->resolve(root, found);
  require(found == std::vector<const JsonValue*>{&value}, "a pointer names its value");
  for (size_t i = 0; i < value.items.size(); ++i)
    check_pointers(root, value.items[i], place + "/" + std::to_string(i), fold, budget);
  for (const auto& [key, member] : value.members) {
    if (key != "*") check_pointers(root, member, place + "/" + escape(key), fold, budget);
  }
}

bool has_reason(const std::string& message, std::string_view text, const Json& other, bool fold) {
  const auto says = [&message](const char* part) { return message.find(part) != std::string::npos; };
  if (text.starts_with("\xef\xbb\xbf")) return says("byte order mark");
  if (text.find('\0') != std::string_view::npos) return says("raw NUL");
  if (other.is_discarded()) return true;
  return says("key twice") || says("key __proto__") || says("overrides the method") ||
         says("deeper than 64") || says("key with a NUL") || (fold && says("case-folded"));
}

void read_body(std::string_view text, const Json& other, bool fold) {
  const Result<JsonValue> body = parse_json_strictly(text, fold);
  if (!body) {
    require(!body.error().message.empty() && body.error().message.size() < 400,
            "a refusal says why, shortly");
    return require(has_reason(body.error().message, text, other, fold), "a refusal has a reason");
  }
  require(!other.is_discarded(), "what is accepted is JSON");
  check_same(*body, other, fold, 0);
  int budget = 50;
  check_pointers(*body, *body, "", fold, budget);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = sluice::text_of(data, size);
  const nlohmann::json other = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  sluice::read_body(text, other, false);
  sluice::read_body(text, other, true);
  return 0;
}
