// EscapedOctets: a text, octet by octet, with what its escapes stand for in their place: %HH, \uHHHH, \xHH,
// and a backslash before a character that stands for itself. What looks like an escape and is none stands for
// itself. Ends before an escape that is not whole. A view; one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice {

class EscapedOctets {
 public:
  // Both must outlive this.
  EscapedOctets(std::string_view first, std::string_view second) : first_(first), second_(second) {}

  struct Octet {
    char value;
    size_t at;  // where it, or its escape, begins
  };
  std::optional<Octet> next();
  // Goes on to the next octet that is `value`, or may be the beginning of an escape.
  void skip_to(char value);

  size_t at() const { return at_; }
  size_t size() const { return first_.size() + second_.size(); }

 private:
  char octet(size_t at) const { return at < first_.size() ? first_[at] : second_[at - first_.size()]; }
  // Of `count` hexadecimal digits: their value; -1: others; -2: the text ends before.
  int digits(size_t at, size_t count) const;
  std::optional<Octet> escape(size_t introduction, size_t digit_count);

  std::string_view first_;
  std::string_view second_;
  size_t at_ = 0;
};

}  // namespace sluice
