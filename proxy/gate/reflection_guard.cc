#include "proxy/gate/reflection_guard.h"

#include <algorithm>
#include <cstring>

namespace sluice {

KeyPattern::KeyPattern(Secret key) : key_(std::move(key)), borders_(key_.reveal().size(), 0) {
  const std::string_view text = key_.reveal();
  for (size_t i = 1, border = 0; i < text.size(); ++i) {
    while (border > 0 && text[i] != text[border]) border = borders_[border - 1];
    if (text[i] == text[border]) ++border;
    borders_[i] = border;
  }
}

bool ReflectionGuard::Search::step(std::string_view input) {
  for (const char octet : input) {
    while (matched > 0 && octet != key[matched]) matched = pattern->border(matched);
    if (octet == key[matched]) ++matched;
    if (matched == key.size()) return true;
  }
  return false;
}

// Octet by octet only at both ends, where a key may lie across pieces.
bool ReflectionGuard::Search::feed(std::string_view input) {
  if (key.empty()) return false;
  if (input.size() < 2 * key.size()) return step(input);
  if (matched > 0 && step(input.substr(0, key.size() - 1))) return true;
  if (memmem(input.data(), input.size(), key.data(), key.size()) != nullptr) return true;
  matched = 0;
  return step(input.substr(input.size() - (key.size() - 1)));
}

void ReflectionGuard::start(const KeyPattern& key, const KeyPattern& as_injected) {
  searches_[0] = {&key, key.key().reveal(), 0};
  searches_[1] = {&as_injected, as_injected.key().reveal(), 0};
  searches_[2] = searches_[3] = {};
  held_ = {};
}

void ReflectionGuard::add(const KeyPattern& key, const KeyPattern& as_injected) {
  searches_[2] = {&key, key.key().reveal(), 0};
  searches_[3] = {&as_injected, as_injected.key().reveal(), 0};
}

ReflectionGuard::Step ReflectionGuard::feed(std::string_view input) {
  for (Search& search : searches_) {
    if (search.feed(input)) return {true, {}, {}};
  }
  // The stream ends with the beginnings of several keys; the longest one covers the others.
  const Search& longer =
      *std::max_element(searches_.begin(), searches_.end(),
                        [](const Search& a, const Search& b) { return a.matched < b.matched; });
  const std::string_view held = held_;
  held_ = longer.key.substr(0, longer.matched);
  const size_t total = held.size() + input.size() - held_.size();  // to be sent now
  const size_t released = std::min(total, held.size());
  return {false, held.substr(0, released), input.substr(0, total - released)};
}

std::string_view ReflectionGuard::finish() {
  const std::string_view rest = held_;
  held_ = {};
  return rest;
}

bool ReflectionGuard::is_in(std::string_view text) const {
  return std::any_of(searches_.begin(), searches_.end(), [text](const Search& search) {
    return !search.key.empty() && text.find(search.key) != std::string_view::npos;
  });
}

}  // namespace sluice
