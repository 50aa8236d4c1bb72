#include "policy/review/diff_texts.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <set>

#include "config/ascii.h"
#include "policy/path.h"
#include "policy/review/diff_machine.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

using Machines = std::vector<std::unique_ptr<TextMachine>>;

constexpr size_t kMostComparisons = 5'000'000;
constexpr uint64_t kLongestText = 4000;  // of a witness; a target of the gate ends at 8 KiB by default

bool is_number(const Literal& literal) {
  return literal.value.type == JsonValue::Type::kInteger || literal.value.type == JsonValue::Type::kNumber;
}

bool speaks_of_numbers(const Constraint& constraint) {
  return constraint.minimum || constraint.maximum ||
         std::any_of(constraint.allowed.begin(), constraint.allowed.end(), is_number) ||
         std::any_of(constraint.types.begin(), constraint.types.end(),
                     [](JsonType type) { return type == JsonType::kNumber || type == JsonType::kInteger; });
}

// What a text may not hold in its place, as a pattern; nullptr: nothing.
const char* forbidden_in(TextPlace place) {
  switch (place) {
    case TextPlace::kQuery: return R"(\x00)";  // see find(): a case of its own
    case TextPlace::kHeader: return R"(^[ \t]|[ \t]$|[\x00-\x08\x0a-\x1f\x7f])";
    case TextPlace::kSegment:
      return R"(^$|[/\\?#\x00-\x1f\x7f]|^\.\.?$|^\.\.?;|%[0-9a-fA-F][0-9a-fA-F]|%[uU])";
    case TextPlace::kJson: break;
  }
  return nullptr;
}

// Finds witnesses for one list of questions.
class TextFinder {
 public:
  TextFinder(const std::vector<Question>& questions, TextPlace place, bool fold,
             const std::vector<std::string>& literals)
      : questions_(questions),
        place_(place),
        fold_(fold && place == TextPlace::kSegment),
        fold_keys_(fold),
        literals_(literals) {}

  TextWitnesses find() {
    gather();
    add_plain();
    if (!questions_.empty() || !literals_.empty()) {
      TextSearch search = search_machines();
      for (std::string& text : search.texts) add(std::move(text));
      if (!search.complete && found_.gap.empty()) found_.gap = "its patterns are too many to combine";
      add_spellings();
    }
    if (place_ == TextPlace::kQuery && !questions_.empty()) add(std::string("x\0", 2));
    if (place_ == TextPlace::kHeader && has_pattern_or_length_) add("\xff");
    return std::move(found_);
  }

 private:
  void gather() {
    for (const Question& question : questions_) {
      const Constraint& constraint = *question.constraint;
      for (const Literal& literal : constraint.allowed) {
        if (literal.value.type == JsonValue::Type::kString) {
          constants_.push_back(fold_ ? literal.folded_text : literal.value.text);
        } else if (place_ != TextPlace::kJson && !literal.as_written.empty()) {
          constants_.push_back(literal.as_written);
        }
      }
      const bool boolean = std::find(constraint.types.begin(), constraint.types.end(), JsonType::kBoolean) !=
                           constraint.types.end();
      if (boolean && place_ != TextPlace::kJson) constants_.insert(constants_.end(), {"true", "false"});
      if (place_ != TextPlace::kJson) {
        add_numbers(constraint, numbers_);
        if (speaks_of_numbers(constraint) && numbers_.empty()) numbers_.push_back(0);
      }
      has_pattern_or_length_ =
          has_pattern_or_length_ || constraint.pattern || constraint.min_length || constraint.max_length;
    }
    constants_.insert(constants_.end(), literals_.begin(), literals_.end());
    const auto invalid = [](const std::string& text) { return !is_valid_utf8(text); };
    constants_.erase(std::remove_if(constants_.begin(), constants_.end(), invalid), constants_.end());
    std::sort(constants_.begin(), constants_.end());
    constants_.erase(std::unique(constants_.begin(), constants_.end()), constants_.end());
    std::sort(numbers_.begin(), numbers_.end());
    numbers_.erase(std::unique(numbers_.begin(), numbers_.end()), numbers_.end());
    keep_few(constants_);
    keep_few(numbers_);
  }

  // Each is compared with all that is asked.
  template <class Value>
  void keep_few(std::vector<Value>& values) {
    const size_t most = kMostComparisons / std::max<size_t>(questions_.size(), 1);
    if (values.size() <= most) return;
    values.resize(most);
    found_.gap = "its values are too many to compare";
  }

  // What people like to read, before what a search makes up.
  void add_plain() {
    for (const char* text : {"x", "a", "1", "other", "x1"}) add(text);
    for (const std::string& text : constants_) add(text);
    for (double number : numbers_around(numbers_)) add(number_text(number));
  }

  // A number has many spellings, and some readers take one for the other.
  void add_spellings() {
    for (double number : numbers_around(numbers_)) {
      const std::string text = number_text(number);
      const char* point = text.find('.') == std::string::npos ? "." : "";
      for (const char* more : {"0", "00", "e0", "E+0"}) add(text + (*more == '0' ? point : "") + more);
    }
  }

  TextSearch search_machines() {
    Machines machines, forbidden;
    if (!constants_.empty()) machines.push_back(make_constants_machine(constants_));
    for (double number : numbers_) machines.push_back(make_number_machine(number));
    add_lengths(machines);
    add_patterns(machines);
    if (const char* pattern = forbidden_in(place_)) forbidden.push_back(make_pattern_machine(pattern, false));
    return search_texts(machines, forbidden, fold_);
  }

  void add_lengths(Machines& machines) {
    std::vector<uint64_t> cuts;
    for (const Question& question : questions_) {
      if (const auto least = question.constraint->min_length; least && *least > 0) cuts.push_back(*least);
      if (const auto most = question.constraint->max_length) cuts.push_back(*most + 1);
    }
    const auto too_long = [](uint64_t cut) { return cut > kLongestText; };
    const auto kept = std::remove_if(cuts.begin(), cuts.end(), too_long);
    if (kept != cuts.end()) found_.gap = "a length in it is too great for an example";
    cuts.erase(kept, cuts.end());
    if (!cuts.empty()) machines.push_back(make_length_machine(std::move(cuts)));
  }

  void add_patterns(Machines& machines) {
    std::set<std::string> seen;
    for (const Question& question : questions_) {
      const auto& pattern = fold_ ? question.constraint->folded_pattern : question.constraint->pattern;
      if (!pattern || !seen.insert(pattern->pattern()).second) continue;
      if (auto machine = make_pattern_machine(pattern->pattern(), fold_)) {
        machines.push_back(std::move(machine));
      } else {
        found_.gap = "a pattern in it uses syntax that is not followed";
      }
    }
  }

  bool can_stand(const std::string& text) const {
    switch (place_) {
      case TextPlace::kQuery:
      case TextPlace::kJson: return is_valid_utf8(text);
      case TextPlace::kSegment: {
        const auto decoded = decode_path("/" + percent_encode(text), fold_);
        return decoded && decoded->segments.size() == 1 && !text.empty();
      }
      case TextPlace::kHeader: {
        const auto blank = [](char c) { return c == ' ' || c == '\t'; };
        if (!text.empty() && (blank(text.front()) || blank(text.back()))) return false;
        return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
      }
    }
    return false;
  }

  void add(std::string text) {
    if (!can_stand(text)) return;
    Answers answers;
    JsonValue value;
    value.type = JsonValue::Type::kString;
    value.text = text;
    for (const Question& question : questions_) {
      answers.push_back(question.answer(place_ == TextPlace::kJson
                                            ? check_value(*question.constraint, value, fold_keys_)
                                            : check_text(*question.constraint, text, fold_)));
    }
    const std::string compared = fold_ ? fold_case(text).value_or(text) : text;
    for (const std::string& literal : literals_) answers.push_back(compared == literal);
    if (seen_.insert(answers).second) found_.all.push_back({std::move(text), std::move(answers)});
  }

  const std::vector<Question>& questions_;
  const TextPlace place_;
  const bool fold_, fold_keys_;
  const std::vector<std::string>& literals_;
  std::vector<std::string> constants_;
  std::vector<double> numbers_;
  bool has_pattern_or_length_ = false;
  std::set<Answers> seen_;
  TextWitnesses found_;
};

}  // namespace

TextWitnesses find_texts(const std::vector<Question>& questions, TextPlace place, bool fold,
                         const std::vector<std::string>& literals) {
  return TextFinder(questions, place, fold, literals).find();
}

void add_numbers(const Constraint& constraint, std::vector<double>& numbers) {
  if (constraint.minimum) numbers.push_back(*constraint.minimum);
  if (constraint.maximum) numbers.push_back(*constraint.maximum);
  for (const Literal& literal : constraint.allowed) {
    if (is_number(literal)) numbers.push_back(literal.value.number);
  }
}

std::vector<double> numbers_around(std::vector<double> numbers) {
  std::vector<double> around;
  std::sort(numbers.begin(), numbers.end());
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double number = numbers[i];
    around.insert(around.end(), {number, std::floor(number), std::ceil(number), number - 1, number + 1,
                                 number - 0.5, number + 0.5});
    if (i + 1 == numbers.size()) continue;
    const double middle = number + (numbers[i + 1] - number) / 2;
    around.insert(around.end(), {std::floor(middle), middle});
  }
  return around;
}

std::string number_text(double number) {
  std::array<char, 400> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number == 0 ? 0.0 : number,
                                 std::chars_format::fixed);
  return {text.data(), end.ptr};
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      out += kDigits[octet >> 4];
      out += kDigits[octet & 15];
    }
  }
  return out;
}

}  // namespace sluice
