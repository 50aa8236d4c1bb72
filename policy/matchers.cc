#include "policy/matchers.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "policy/json_number.h"
#include "policy/text.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

using Type = JsonValue::Type;

// All must hold: what fails for sure fails, else what is unsure leaves all unsure.
void join(Truth& all, Truth one) { all = std::min(all, one); }
Truth truth(bool holds) { return holds ? Truth::kHolds : Truth::kFails; }

bool is_number(const JsonValue& value) { return value.type == Type::kInteger || value.type == Type::kNumber; }

// Exact for every int64 and every double: its mantissa has 64 bits or more on the machines that this runs on.
long double number_of(const JsonValue& value) {
  return value.integer_exact ? static_cast<long double>(value.integer)
                             : static_cast<long double>(value.number);
}

bool is_integral(const JsonValue& value) {
  return value.type == Type::kInteger ||
         (value.type == Type::kNumber && std::trunc(value.number) == value.number);
}

bool has_type(const JsonValue& value, JsonType type) {
  switch (type) {
    case JsonType::kString: return value.type == Type::kString;
    case JsonType::kNumber: return is_number(value);
    case JsonType::kInteger: return is_integral(value);
    case JsonType::kBoolean: return value.type == Type::kBoolean;
    case JsonType::kArray: return value.type == Type::kArray;
    case JsonType::kObject: return value.type == Type::kObject;
    case JsonType::kNull: return value.type == Type::kNull;
  }
  return false;
}

// The number that a text is, read when somebody asks.
class TextNumber {
 public:
  explicit TextNumber(std::string_view text) : text_(text) {}
  // nullptr: it is none.
  const JsonNumber* get() {
    if (!asked_) {
      const std::optional<JsonNumber> read = read_json_number(text_);
      is_number_ = read.has_value();
      if (read) number_ = *read;
    }
    asked_ = true;
    return is_number_ ? &number_ : nullptr;
  }

 private:
  std::string_view text_;
  bool asked_ = false, is_number_ = false;
  JsonNumber number_;
};

bool text_has_type(std::string_view text, TextNumber& number, JsonType type) {
  switch (type) {
    case JsonType::kString: return true;
    case JsonType::kBoolean: return text == "true" || text == "false";
    case JsonType::kNumber: return number.get() != nullptr;
    case JsonType::kInteger: return number.get() != nullptr && number.get()->is_integral();
    case JsonType::kArray:
    case JsonType::kObject:
    case JsonType::kNull: return false;
  }
  return false;
}

Truth check_range(const Constraint& constraint, long double value) {
  return truth((!constraint.minimum || value >= static_cast<long double>(*constraint.minimum)) &&
               (!constraint.maximum || value <= static_cast<long double>(*constraint.maximum)));
}

// `text` is nullptr when the value is not a text.
Truth check_length(const Constraint& constraint, const std::string_view* text) {
  if (!constraint.min_length && !constraint.max_length) return Truth::kHolds;
  if (text == nullptr || !is_valid_utf8(*text)) return Truth::kUnsure;
  const uint64_t length = count_code_points(*text);
  return truth((!constraint.min_length || length >= *constraint.min_length) &&
               (!constraint.max_length || length <= *constraint.max_length));
}

// RE2 cannot match an octet that is not UTF-8, so a header that holds one says nothing either way.
Truth check_pattern(const Constraint& constraint, const std::string_view* text, bool fold) {
  const re2::RE2* pattern = fold ? constraint.folded_pattern.get() : constraint.pattern.get();
  if (pattern == nullptr) return Truth::kHolds;
  if (text == nullptr || !is_valid_utf8(*text)) return Truth::kUnsure;
  const re2::StringPiece piece(text->data(), text->size());
  return truth(pattern->Match(piece, 0, piece.size(), re2::RE2::UNANCHORED, nullptr, 0));
}

bool has_unique_items(const JsonValue& array) {
  std::vector<const JsonValue*> items;
  items.reserve(array.items.size());
  for (const JsonValue& item : array.items) items.push_back(&item);
  std::sort(items.begin(), items.end(),
            [](const JsonValue* left, const JsonValue* right) { return compare(*left, *right) < 0; });
  return std::adjacent_find(items.begin(), items.end(), [](const JsonValue* left, const JsonValue* right) {
           return compare(*left, *right) == 0;
         }) == items.end();
}

Truth check_items(const Constraint& constraint, const JsonValue* value) {
  if (!constraint.min_items && !constraint.max_items && !constraint.unique_items) return Truth::kHolds;
  if (value == nullptr || value->type != Type::kArray) return Truth::kUnsure;
  return truth((!constraint.min_items || value->items.size() >= *constraint.min_items) &&
               (!constraint.max_items || value->items.size() <= *constraint.max_items) &&
               (!constraint.unique_items || has_unique_items(*value)));
}

// A query has texts only. A number is meant when the text is the number as the policy writes it; another
// spelling of the same number (2.0, 2e0) means it to some readers and not to others.
Truth check_text_literal(const Literal& literal, std::string_view text, TextNumber& number, bool fold) {
  switch (literal.value.type) {
    case Type::kString: return truth(fold ? text == literal.folded_text : text == literal.value.text);
    case Type::kBoolean: return truth(text == literal.as_written);
    case Type::kInteger:
    case Type::kNumber: {
      if (text == literal.as_written) return Truth::kHolds;
      const bool same = number.get() != nullptr && number.get()->value() == number_of(literal.value);
      return same ? Truth::kUnsure : Truth::kFails;
    }
    case Type::kNull:
    case Type::kArray:
    case Type::kObject: return Truth::kFails;
  }
  return Truth::kFails;
}

// Every value that the pointer names, and every place under a * where there is none. A * where there is a
// value but no array is unsure: some readers take a single value for an array of one.
class BodyWalk {
 public:
  BodyWalk(const BodyConstraint& constraint, bool fold, Tally& tally)
      : constraint_(constraint.constraint),
        segments_((fold ? constraint.folded_pointer : constraint.pointer).segments()),
        fold_(fold),
        tally_(tally) {}

  void walk(const JsonValue& value, size_t depth) {
    if (depth == segments_.size()) {
      tally_.add(check_value(constraint_, value, fold_));
      return;
    }
    const std::string& segment = segments_[depth];
    if (segment == "*") {
      if (value.type != Type::kArray) {
        tally_.add(Truth::kUnsure);
        return;
      }
      for (const JsonValue& item : value.items) walk(item, depth + 1);
      if (value.items.empty()) tally_.add_absent();
      return;
    }
    const JsonValue* child = value.child(segment);
    if (child != nullptr) {
      walk(*child, depth + 1);
    } else {
      tally_.add_absent();
    }
  }

 private:
  const Constraint& constraint_;
  const std::vector<std::string>& segments_;
  const bool fold_;
  Tally& tally_;
};

int compare_members(const JsonValue& left, const JsonValue& right) {
  const auto sorted = [](const JsonValue& object) {
    std::vector<const JsonValue::Member*> members;
    for (const auto& member : object.members) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->first < b->first; });
    return members;
  };
  const auto left_members = sorted(left);
  const auto right_members = sorted(right);
  for (size_t i = 0; i < left_members.size(); ++i) {
    if (const int names = left_members[i]->first.compare(right_members[i]->first)) return names;
    if (const int values = compare(left_members[i]->second, right_members[i]->second)) return values;
  }
  return 0;
}

template <class T>
int three_way(const T& left, const T& right) {
  if (left < right) return -1;
  return right < left ? 1 : 0;
}

}  // namespace

Truth check_value(const Constraint& constraint, const JsonValue& value, bool fold_keys) {
  if (constraint.present == false) return Truth::kFails;
  Truth all = Truth::kHolds;
  if (!constraint.types.empty()) {
    join(all, truth(std::any_of(constraint.types.begin(), constraint.types.end(),
                                [&value](JsonType type) { return has_type(value, type); })));
  }
  if (!constraint.allowed.empty()) {
    join(all, truth(std::any_of(constraint.allowed.begin(), constraint.allowed.end(),
                                [&value, fold_keys](const Literal& literal) {
                                  return compare(fold_keys ? literal.keys_folded : literal.value, value) == 0;
                                })));
  }
  const std::string_view text = value.text;
  const std::string_view* text_or_null = value.type == Type::kString ? &text : nullptr;
  join(all, check_length(constraint, text_or_null));
  join(all, check_pattern(constraint, text_or_null, false));
  if (constraint.minimum || constraint.maximum) {
    join(all, is_number(value) ? check_range(constraint, number_of(value)) : Truth::kUnsure);
  }
  join(all, check_items(constraint, &value));
  return all;
}

Truth check_text(const Constraint& constraint, std::string_view text, bool fold) {
  if (constraint.present == false) return Truth::kFails;
  // Some readers end a text at a NUL: to them it is another one.
  if (std::find(text.begin(), text.end(), '\0') != text.end()) return Truth::kUnsure;
  std::string folded;
  if (fold) {
    // What cannot be folded is compared as it is; patterns and lengths then cannot be sure of it.
    folded = fold_case(text).value_or(std::string(text));
    text = folded;
  }
  TextNumber number(text);
  Truth all = Truth::kHolds;
  if (!constraint.types.empty()) {
    bool one_of = false;
    for (JsonType type : constraint.types) one_of = one_of || text_has_type(text, number, type);
    join(all, truth(one_of));
  }
  if (!constraint.allowed.empty()) {
    Truth best = Truth::kFails;
    for (const Literal& literal : constraint.allowed)
      best = std::max(best, check_text_literal(literal, text, number, fold));
    join(all, best);
  }
  if (constraint.min_length || constraint.max_length) join(all, check_length(constraint, &text));
  if (constraint.pattern) join(all, check_pattern(constraint, &text, fold));
  if (constraint.minimum || constraint.maximum) {
    join(all, number.get() != nullptr ? check_range(constraint, number.get()->value()) : Truth::kUnsure);
  }
  join(all, check_items(constraint, nullptr));
  return all;
}

bool body_matches(const BodyConstraint& constraint, const BodyView& body, bool fold, Reading reading) {
  Tally tally(constraint.constraint, reading);
  if (body.state == BodyView::State::kUnreadable) tally.add(Truth::kUnsure);
  if (body.state == BodyView::State::kReadable) BodyWalk(constraint, fold, tally).walk(*body.root, 0);
  return tally.result();
}

int compare(const JsonValue& left, const JsonValue& right) {
  const auto rank = [](const JsonValue& value) {
    return value.type == Type::kNumber ? Type::kInteger : value.type;
  };
  if (rank(left) != rank(right)) return three_way(rank(left), rank(right));
  switch (left.type) {
    case Type::kNull: return 0;
    case Type::kBoolean: return three_way(left.boolean, right.boolean);
    case Type::kInteger:
    case Type::kNumber: return three_way(number_of(left), number_of(right));
    case Type::kString: return left.text.compare(right.text);
    case Type::kArray: {
      if (left.items.size() != right.items.size()) return three_way(left.items.size(), right.items.size());
      for (size_t i = 0; i < left.items.size(); ++i) {
        if (const int items = compare(left.items[i], right.items[i])) return items;
      }
      return 0;
    }
    case Type::kObject:
      if (left.members.size() != right.members.size())
        return three_way(left.members.size(), right.members.size());
      return compare_members(left, right);
  }
  return 0;
}

}  // namespace sluice
