#include "proxy/gate/escaped_octets.h"

namespace sluice {
namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

int EscapedOctets::digits(size_t at, size_t count) const {
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (i >= size()) return -2;
    const int digit = digit_value(octet(i));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

std::optional<EscapedOctets::Octet> EscapedOctets::escape(size_t introduction, size_t digit_count) {
  const int value = digits(at_ + introduction, digit_count);
  if (value == -2) return std::nullopt;
  const size_t begin = at_;
  if (value == -1) {
    ++at_;
    return Octet{octet(begin), begin};
  }
  at_ += introduction + digit_count;
  return Octet{static_cast<char>(value > 0x7F ? 0 : value), begin};  // no key holds a control
}

std::optional<EscapedOctets::Octet> EscapedOctets::next() {
  if (at_ >= size()) return std::nullopt;
  const size_t begin = at_;
  const char value = octet(begin);
  if (value == '%') return escape(1, 2);
  if (value != '\\') return Octet{octet(at_++), begin};
  if (begin + 1 >= size()) return std::nullopt;
  const char kind = octet(begin + 1);
  if (kind == 'u') return escape(2, 4);
  if (kind == 'x') return escape(2, 2);
  if (kind != '/' && kind != '"' && kind != '\'' && kind != '\\') {
    ++at_;
    return Octet{value, begin};
  }
  at_ += 2;
  return Octet{kind, begin};
}

void EscapedOctets::skip_to(char value) {
  while (at_ < size()) {
    const char c = octet(at_);
    if (c == value || c == '%' || c == '\\') return;
    ++at_;
  }
}

}  // namespace sluice
