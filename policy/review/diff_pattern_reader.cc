#include "policy/review/diff_pattern_reader.h"

#include <algorithm>
#include <string>

#include "config/ascii.h"
#include "policy/review/diff_machine.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr char32_t kLastCharacter = 0x10FFFF;
constexpr int kMostRepeats = 1000;  // RE2's own bound

using Ranges = std::vector<std::pair<char32_t, char32_t>>;

Ranges complement(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges others;
  char32_t from = 0;
  for (const auto& [low, high] : ranges) {
    if (low > from) others.emplace_back(from, low - 1);
    from = std::max<char32_t>(from, high + 1);
  }
  if (from <= kLastCharacter) others.emplace_back(from, kLastCharacter);
  return others;
}

// \d, \w, \s; RE2 knows them in ASCII.
std::optional<Ranges> perl_class(char32_t name) {
  switch (name) {
    case 'd': return Ranges{{'0', '9'}};
    case 'w': return Ranges{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    case 's': return Ranges{{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    case 'D': return complement(*perl_class('d'));
    case 'W': return complement(*perl_class('w'));
    case 'S': return complement(*perl_class('s'));
    default: return std::nullopt;
  }
}

class PatternReader {
 public:
  PatternReader(std::u32string text, bool ignore_case) : text_(std::move(text)), ignore_case_(ignore_case) {}

  std::optional<PatternNode> read() {
    PatternNode node = choice();
    if (failed_ || at_ != text_.size()) return std::nullopt;
    return node;
  }

 private:
  bool more() const { return at_ < text_.size() && !failed_; }
  bool take(char32_t c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::u32string_view text) {
    if (text_.compare(at_, text.size(), text) != 0) return false;
    at_ += text.size();
    return true;
  }
  void fail() { failed_ = true; }

  PatternNode choice() {
    if (++depth_ > 100) fail();
    PatternNode node;
    node.kind = PatternNode::Kind::kChoice;
    do {
      PatternNode one;
      while (more() && text_[at_] != '|' && text_[at_] != ')') one.children.push_back(repeated());
      node.children.push_back(std::move(one));
    } while (take('|'));
    --depth_;
    return node;
  }

  PatternNode repeated() {
    PatternNode node = atom();
    while (more()) {
      int least = 0;
      std::optional<int> most;
      if (take('*')) {
      } else if (take('+')) {
        least = 1;
      } else if (take('?')) {
        most = 1;
      } else if (text_[at_] != '{' || !counts(least, most)) {
        break;
      }
      take('?');  // lazy: finds the same texts
      PatternNode repeat;
      repeat.kind = PatternNode::Kind::kRepeat;
      repeat.least = least;
      repeat.most = most;
      repeat.children.push_back(std::move(node));
      node = std::move(repeat);
    }
    return node;
  }

  // "{2}", "{2,}", "{2,5}"; anything else is a brace that stands for itself.
  bool counts(int& least, std::optional<int>& most) {
    const size_t start = at_++;
    const auto first = integer();
    std::optional<int> second = first;
    if (first && take(',')) second = integer();
    if (!first || !take('}')) {
      at_ = start;
      return false;
    }
    least = *first;
    most = second;
    if (least > kMostRepeats || (most && (*most > kMostRepeats || *most < least))) fail();
    return true;
  }
  std::optional<int> integer() {
    int number = 0;
    const size_t start = at_;
    for (; more() && text_[at_] >= '0' && text_[at_] <= '9' && at_ - start < 5; ++at_)
      number = number * 10 + static_cast<int>(text_[at_] - '0');
    return at_ == start ? std::nullopt : std::optional<int>(number);
  }

  PatternNode atom() {
    const char32_t c = text_[at_++];
    switch (c) {
      case '(': return group();
      case '[': return characters(bracket());
      case '.': return characters(dot_newline_ ? complement({}) : complement({{'\n', '\n'}}));
      case '^': return position(PatternNode::Kind::kBegin);
      case '$': return position(PatternNode::Kind::kEnd);
      case '\\': return escape();
      case '*':
      case '+':
      case '?': fail(); return {};
      default: return characters(single(c));
    }
  }

  static PatternNode position(PatternNode::Kind kind) {
    PatternNode node;
    node.kind = kind;
    return node;
  }
  static PatternNode characters(Ranges ranges) {
    PatternNode node;
    node.kind = PatternNode::Kind::kCharacters;
    node.characters.ranges = std::move(ranges);
    return node;
  }

  PatternNode group() {
    const bool outer_case = ignore_case_, outer_dot = dot_newline_;
    if (take('?')) {
      if (take(U"P<") || take('<')) {
        while (more() && text_[at_] != '>') ++at_;
        if (!take('>')) fail();
      } else {
        while (more() && (text_[at_] == 'i' || text_[at_] == 's')) {
          (text_[at_] == 'i' ? ignore_case_ : dot_newline_) = true;
          ++at_;
        }
        if (take(')')) return {};  // flags for what follows
        if (!take(':')) fail();
      }
    }
    PatternNode node = choice();
    if (!take(')')) fail();
    ignore_case_ = outer_case;
    dot_newline_ = outer_dot;
    return node;
  }

  PatternNode escape() {
    if (!more()) {
      fail();
      return {};
    }
    const char32_t c = text_[at_++];
    if (c == 'A') return position(PatternNode::Kind::kBegin);
    if (c == 'z') return position(PatternNode::Kind::kEnd);
    if (auto ranges = perl_class(c)) return characters(*std::move(ranges));
    return characters(single(escaped(c)));
  }

  // The one character that an escape stands for.
  char32_t escaped(char32_t c) {
    switch (c) {
      case 'n': return '\n';
      case 't': return '\t';
      case 'r': return '\r';
      case 'f': return '\f';
      case 'v': return '\v';
      case 'a': return '\a';
      case 'x': return hexadecimal();
      default: break;
    }
    const bool plain = c < 0x80 && is_token_or_sign(static_cast<char>(c));
    if (!plain) fail();
    return c;
  }
  static bool is_token_or_sign(char c) {
    return c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
           !(c >= 'a' && c <= 'z');
  }
  char32_t hexadecimal() {
    const bool braces = take('{');
    char32_t value = 0;
    size_t digits = 0;
    for (; more() && text_[at_] < 0x80 && hex_value(static_cast<char>(text_[at_])) >= 0 &&
           digits < (braces ? 6U : 2U);
         ++at_, ++digits)
      value = value * 16 + static_cast<char32_t>(hex_value(static_cast<char>(text_[at_])));
    if (digits == 0 || (!braces && digits != 2) || (braces && !take('}')) || value > kLastCharacter) fail();
    return value;
  }

  Ranges bracket() {
    const bool negated = take('^');
    Ranges all;
    for (bool first = true; first || !take(']'); first = false) {
      if (!more() || text_.compare(at_, 2, U"[:") == 0) {
        fail();
        return all;
      }
      char32_t low = text_[at_++];
      if (low == '\\' && more()) {
        const char32_t name = text_[at_++];
        if (auto ranges = perl_class(name)) {
          all.insert(all.end(), ranges->begin(), ranges->end());
          continue;
        }
        low = escaped(name);
      }
      char32_t high = low;
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        high = text_[at_++];
        if (high == '\\' && more()) high = escaped(text_[at_++]);
        if (high < low) fail();
      }
      add_range(low, high, all);
    }
    return negated ? complement(std::move(all)) : all;
  }

  Ranges single(char32_t c) {
    Ranges ranges;
    add_range(c, c, ranges);
    return ranges;
  }

  void add_range(char32_t low, char32_t high, Ranges& all) {
    all.emplace_back(low, high);
    if (!ignore_case_) return;
    if (high >= 0x80) fail();
    for (char32_t c = low; c <= high && !failed_; ++c) {
      if (c >= 'a' && c <= 'z') all.emplace_back(c - 'a' + 'A', c - 'a' + 'A');
      if (c >= 'A' && c <= 'Z') all.emplace_back(c - 'A' + 'a', c - 'A' + 'a');
      if (c == 'k' || c == 'K') all.emplace_back(0x212A, 0x212A);  // the Kelvin sign
      if (c == 's' || c == 'S') all.emplace_back(0x17F, 0x17F);    // the long s
    }
  }

  const std::u32string text_;
  bool ignore_case_ = false, dot_newline_ = false, failed_ = false;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::optional<PatternNode> read_pattern_text(std::string_view pattern, bool ignore_case) {
  if (!is_valid_utf8(pattern)) return std::nullopt;
  return PatternReader(decode_utf8(pattern), ignore_case).read();
}

}  // namespace sluice
