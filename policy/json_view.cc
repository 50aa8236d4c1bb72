#include "policy/json_view.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "policy/query_names.h"
#include "policy/text.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxPlace = 200;  // octets of a pointer that a message shows: keys are the caller's text

// Whether a number's text is a whole number as written. 1.0 and 1e3 are not: they stay numbers.
bool is_integer_text(std::string_view text) { return text.find_first_of(".eE") == std::string_view::npos; }

// Builds the tree from nlohmann's events and checks what its lexer does not. Every event returns whether to
// go on.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit TreeBuilder(bool fold_keys) : fold_keys_(fold_keys) {}

  bool null() override { return add({}) != nullptr; }
  bool boolean(bool value) override {
    JsonValue node;
    node.type = JsonValue::Type::kBoolean;
    node.boolean = value;
    return add(std::move(node)) != nullptr;
  }
  bool number_integer(number_integer_t value) override {
    JsonValue node;
    node.type = JsonValue::Type::kInteger;
    node.integer = value;
    node.integer_exact = true;
    node.number = static_cast<double>(value);
    return add(std::move(node)) != nullptr;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(INT64_MAX))
      return number_integer(static_cast<number_integer_t>(value));
    return add_number(static_cast<double>(value), true, std::to_string(value));
  }
  bool number_float(number_float_t value, const string_t& text) override {
    return add_number(value, is_integer_text(text), text);
  }
  bool string(string_t& value) override {
    JsonValue node;
    node.type = JsonValue::Type::kString;
    node.text = std::move(value);
    return add(std::move(node)) != nullptr;
  }
  bool binary(binary_t& /*value*/) override { return fail("the body holds binary data"); }
  bool start_object(size_t /*elements*/) override { return open(JsonValue::Type::kObject); }
  bool end_object() override { return has_unique_keys() && close(); }
  bool start_array(size_t /*elements*/) override { return open(JsonValue::Type::kArray); }
  bool end_array() override { return close(); }
  bool key(string_t& value) override {
    if (value.find('\0') != std::string::npos) return fail("the body has a key with a NUL" + place());
    // To some readers, the members of this one are those of the object that it stands in.
    if (value == "__proto__") return fail("the body has a key __proto__" + place());
    if (open_.size() == 1 && names_method_override(value)) return fail("the body overrides the method");
    if (!fold_keys_) {
      key_ = std::move(value);
      return true;
    }
    if (has_unsettled_case(value))
      return fail("the body has a key that can be case-folded in two ways" + place());
    std::optional<std::string> folded = fold_case(value);
    if (!folded) return fail("the body has a key that cannot be case-folded" + place());
    key_ = std::move(*folded);
    return true;
  }
  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& problem) override {
    // The library's message quotes the text; its id tells a number out of range from the rest.
    constexpr int kNumberOverflow = 406;
    if (problem.id == kNumberOverflow) return fail("the body holds a number that is out of range" + place());
    return fail("the body is not one JSON text, see octet " + std::to_string(position) + place());
  }

  JsonValue& root() { return root_; }
  const std::string& failure() const { return failure_; }

 private:
  bool add_number(double value, bool whole, std::string text) {
    JsonValue node;
    node.type = whole ? JsonValue::Type::kInteger : JsonValue::Type::kNumber;
    node.number = value;
    node.text = std::move(text);
    return add(std::move(node)) != nullptr;
  }

  // A container's last child is the only one that grows, so the pointers in open_ stay valid.
  JsonValue* add(JsonValue node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return &root_;
    }
    JsonValue& parent = *open_.back();
    if (parent.type == JsonValue::Type::kArray) return &parent.items.emplace_back(std::move(node));
    parent.members.push_back({std::move(key_), std::move(node)});
    return &parent.members.back().second;
  }

  bool open(JsonValue::Type type) {
    if (open_.size() == kMaxDepth) {
      return fail("the body is nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    JsonValue node;
    node.type = type;
    open_.push_back(add(std::move(node)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  // Sorting keeps a body of many keys from costing the square of their number.
  bool has_unique_keys() {
    const auto& members = open_.back()->members;
    if (members.size() < 2) return true;
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const auto& [name, value] : members) keys.emplace_back(name);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return true;
    return fail("the body has a key twice" + place(*twice));
  }

  bool fail(std::string message) {
    if (failure_.empty()) failure_ = std::move(message);
    return false;
  }

  // ", at /a/b", from the containers that are open, and a key in the innermost one.
  std::string place(std::optional<std::string_view> key = std::nullopt) const {
    std::string pointer;
    for (size_t i = 0; i + 1 < open_.size() && pointer.size() < kMaxPlace; ++i) {
      const JsonValue& parent = *open_[i];
      pointer += '/';
      pointer += parent.type == JsonValue::Type::kArray ? std::to_string(parent.items.size() - 1)
                                                        : escape_pointer_segment(parent.members.back().first);
    }
    if (key) pointer += '/' + escape_pointer_segment(*key);
    if (pointer.empty()) return "";
    if (pointer.size() > kMaxPlace) {
      pointer.resize(cut_utf8(pointer, kMaxPlace).size());
      pointer += "...";
    }
    return ", at " + pointer;
  }

  const bool fold_keys_;
  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string key_;
  std::string failure_;
};

std::optional<size_t> array_index(std::string_view segment) {
  if (segment.empty() || (segment.size() > 1 && segment.front() == '0')) return std::nullopt;
  size_t index = 0;
  const char* end = segment.data() + segment.size();
  const auto [stopped, problem] = std::from_chars(segment.data(), end, index);
  if (problem != std::errc() || stopped != end) return std::nullopt;
  return index;
}

Result<std::string> unescape_segment(std::string_view segment) {
  std::string plain;
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '~') {
      plain += segment[i];
      continue;
    }
    const char next = i + 1 < segment.size() ? segment[i + 1] : '\0';
    if (next != '0' && next != '1')
      return Error{"a ~ in a JSON Pointer has to be written ~0, and a / in a key ~1"};
    plain += next == '0' ? '~' : '/';
    ++i;
  }
  return plain;
}

}  // namespace

std::string escape_pointer_segment(std::string_view key) {
  std::string escaped;
  for (char c : key) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

const JsonValue* JsonValue::find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

const JsonValue* JsonValue::child(std::string_view segment) const {
  if (type == Type::kObject) return segment == "*" ? nullptr : find(segment);
  if (type != Type::kArray) return nullptr;
  const auto index = array_index(segment);
  return index && *index < items.size() ? &items[*index] : nullptr;
}

Result<JsonValue> parse_json_strictly(std::string_view text, bool fold_keys) {
  if (text.empty()) return Error{"the body is empty, expected JSON"};
  if (text.substr(0, 3) == "\xEF\xBB\xBF") return Error{"the body starts with a byte order mark"};
  // nlohmann's lexer takes a raw NUL for the end of the text and would not see what follows.
  if (text.find('\0') != std::string_view::npos) return Error{"the body holds a raw NUL"};
  TreeBuilder builder(fold_keys);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return Error{builder.failure()};
  return std::move(builder.root());
}

Result<JsonPointer> JsonPointer::parse(std::string_view text, bool fold) {
  JsonPointer pointer;
  pointer.text_ = text;
  if (text.empty()) return pointer;
  if (text.front() != '/') return Error{"a JSON Pointer is empty or starts with /"};
  while (!text.empty()) {
    text.remove_prefix(1);
    const size_t end = std::min(text.find('/'), text.size());
    Result<std::string> segment = unescape_segment(text.substr(0, end));
    if (!segment) return segment.error();
    if (fold) {
      std::optional<std::string> folded = fold_case(*segment);
      if (!folded) return Error{"a JSON Pointer has to be valid UTF-8"};
      *segment = std::move(*folded);
    }
    pointer.segments_.push_back(std::move(*segment));
    text.remove_prefix(end);
  }
  return pointer;
}

void JsonPointer::resolve(const JsonValue& root, std::vector<const JsonValue*>& out) const {
  std::vector<const JsonValue*> current{&root};
  std::vector<const JsonValue*> next;
  for (const std::string& segment : segments_) {
    next.clear();
    for (const JsonValue* value : current) {
      if (segment == "*") {
        for (const JsonValue& item : value->items) next.push_back(&item);
      } else if (const JsonValue* found = value->child(segment)) {
        next.push_back(found);
      }
    }
    current.swap(next);
  }
  out.insert(out.end(), current.begin(), current.end());
}

}  // namespace sluice
