#include "proxy/gate/key_pattern.h"

#include <algorithm>

#include "proxy/crypto.h"
#include "proxy/gate/escaped_octets.h"

namespace sluice {
namespace {

constexpr size_t kShiftBits = 12;

size_t block(std::string_view text, size_t last) {
  const auto a = static_cast<uint8_t>(text[last - 1]);
  const auto b = static_cast<uint8_t>(text[last]);
  return (static_cast<size_t>(a) << 5 ^ b) & ((size_t{1} << kShiftBits) - 1);
}

// What stands in base64 of any text that holds the key after `before` other octets of a group of three: the
// digits at its ends depend on its neighbours.
Secret inside_base64(const Secret& key, size_t before) {
  const Secret text(std::string(before, '\0').append(key.reveal()));
  const Secret digits(base64_encode(text.reveal()));
  constexpr std::array<size_t, 3> kFirst{0, 2, 3};
  const size_t rest = text.reveal().size() % 3;
  const size_t end = text.reveal().size() / 3 * 4 + (rest == 0 ? 0 : rest);
  return Secret(std::string(digits.reveal().substr(kFirst[before], end - kFirst[before])));
}

Secret with_other_digits(const Secret& base64) {
  std::string text(base64.reveal());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return Secret(std::move(text));
}

Secret in_capitals(const Secret& hexadecimal) {
  std::string text(hexadecimal.reveal());
  for (char& digit : text)
    if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
  return Secret(std::move(text));
}

}  // namespace

KeyPattern::KeyPattern(Secret key) : key_(std::move(key)) {
  if (key_.empty()) return;
  add_form(key_);
  if (key_.reveal().size() >= kShortestEncoded) {
    for (size_t before = 0; before < 3; ++before) {
      const Secret form = inside_base64(key_, before);
      add_form(form);
      add_form(with_other_digits(form));
    }
    const Secret digits(hex(key_.reveal()));
    add_form(digits);
    add_form(in_capitals(digits));
  }
  prepare();
}

void KeyPattern::add_form(Secret form) {
  for (const Secret& known : forms_)
    if (known.equals(form.reveal())) return;
  forms_.push_back(std::move(form));
}

void KeyPattern::prepare() {
  const std::string_view text = key_.reveal();
  borders_.assign(text.size(), 0);
  for (size_t i = 1, border = 0; i < text.size(); ++i) {
    while (border > 0 && text[i] != text[border]) border = borders_[border - 1];
    if (text[i] == text[border]) ++border;
    borders_[i] = static_cast<uint32_t>(border);
  }
  shortest_ = 255;
  for (const Secret& form : forms_) {
    longest_ = std::max(longest_, form.reveal().size());
    shortest_ = std::min(shortest_, form.reveal().size());
    begins_[static_cast<uint8_t>(form.reveal().front())] = true;
  }
  if (shortest_ < 2) return;
  shifts_.assign(size_t{1} << kShiftBits, static_cast<uint8_t>(shortest_ - 1));
  for (const Secret& form : forms_) {
    for (size_t last = 1; last < shortest_; ++last) {
      uint8_t& shift = shifts_[block(form.reveal(), last)];
      shift = std::min(shift, static_cast<uint8_t>(shortest_ - 1 - last));
    }
  }
}

bool KeyPattern::is_in(std::string_view text) const {
  if (shifts_.empty()) return !empty() && text.find(key_.reveal()) != std::string_view::npos;
  for (size_t last = shortest_ - 1; last < text.size();) {
    const size_t shift = shifts_[block(text, last)];
    if (shift > 0) {
      last += shift;
      continue;
    }
    const std::string_view rest = text.substr(last - (shortest_ - 1));
    for (const Secret& form : forms_)
      if (rest.starts_with(form.reveal())) return true;
    ++last;
  }
  return false;
}

size_t KeyPattern::beginning_at_end(std::string_view text) const {
  if (empty()) return 0;
  size_t at = text.size() - std::min(text.size(), longest_ - 1);
  for (; at < text.size(); ++at) {
    if (!begins_[static_cast<uint8_t>(text[at])]) continue;
    const std::string_view end = text.substr(at);
    for (const Secret& form : forms_)
      if (form.reveal().starts_with(end)) return end.size();
  }
  return 0;
}

// Knuth, Morris and Pratt 1977, over the octets that the escapes stand for.
bool KeyPattern::is_in_escaped(std::string_view first, std::string_view second, size_t* held) const {
  *held = 0;
  if (empty()) return false;
  const std::string_view key = key_.reveal();
  EscapedOctets octets(first, second);
  std::vector<size_t> begins;  // where each octet that is matched began
  while (const auto octet = octets.next()) {
    size_t matched = begins.size();
    while (matched > 0 && octet->value != key[matched]) matched = borders_[matched - 1];
    if (matched < begins.size()) begins.erase(begins.begin(), begins.end() - static_cast<ptrdiff_t>(matched));
    if (octet->value == key[matched]) begins.push_back(octet->at);
    if (begins.size() == key.size()) return true;
    if (begins.empty()) octets.skip_to(key.front());
  }
  *held = octets.size() - (begins.empty() ? octets.at() : begins.front());
  return false;
}

}  // namespace sluice
