// json_view: strict reading of a request body (interface section 3, "What a body means"). One JSON text in
// UTF-8 or nothing: a duplicate key (after folding where the API is case-insensitive), a NUL in a key, a byte
// order mark, a second text, NaN, or depth over 64 is refused. nlohmann's SAX reader does the lexing; this
// builds a small tree. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"

namespace sluice {

struct JsonValue {
  enum class Type : uint8_t { kNull, kBoolean, kInteger, kNumber, kString, kArray, kObject };
  struct Member;

  Type type = Type::kNull;
  bool boolean = false;
  int64_t integer = 0;  // valid for kInteger when it fits; `number` holds the value too
  bool integer_exact = false;
  double number = 0;             // valid for kInteger and kNumber
  std::string text;              // of a string; as written, of a number that `integer` does not hold
  std::vector<JsonValue> items;  // of an array
  std::vector<Member> members;   // of an object; keys folded if asked for

  const JsonValue* find(std::string_view key) const;
  // The member or the item that one segment of a JSON Pointer names ("*" names none), or nullptr.
  const JsonValue* child(std::string_view segment) const;
};

// Not a std::pair: clang 14 wants a pair's parts complete where the vector is declared.
struct JsonValue::Member {
  std::string first;
  JsonValue second;
};

// A name as one segment of a JSON Pointer (RFC 6901).
std::string escape_pointer_segment(std::string_view name);

// The error is the detail for a 400; it names the place as a JSON Pointer and never quotes a value.
Result<JsonValue> parse_json_strictly(std::string_view text, bool fold_keys);

// Every value that a pointer names. "" is the whole; "*" stands for every item of an array. Keys are compared
// as stored: fold the pointer's segments first for a folded body. Unresolvable parts give nothing.
class JsonPointer {
 public:
  // "/a/*/b", with ~0 and ~1 (RFC 6901). An error for anything that does not start with "/" and is not empty.
  static Result<JsonPointer> parse(std::string_view text, bool fold);
  // Appends to `out`; the pointers are valid while `root` is.
  void resolve(const JsonValue& root, std::vector<const JsonValue*>& out) const;
  const std::string& text() const { return text_; }
  const std::vector<std::string>& segments() const { return segments_; }

 private:
  std::string text_;
  std::vector<std::string> segments_;
};

}  // namespace sluice
