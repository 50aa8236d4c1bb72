#include "proxy/gate/reflection_guard.h"

#include <algorithm>
#include <cstring>

namespace sluice {

void ReflectionGuard::Search::start(std::string_view wanted) {
  key = wanted;
  matched = 0;
  fallback.assign(key.size(), 0);
  for (size_t i = 1, border = 0; i < key.size(); ++i) {
    while (border > 0 && key[i] != key[border]) border = fallback[border - 1];
    if (key[i] == key[border]) ++border;
    fallback[i] = border;
  }
}

bool ReflectionGuard::Search::step(std::string_view input) {
  for (const char octet : input) {
    while (matched > 0 && octet != key[matched]) matched = fallback[matched - 1];
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

void ReflectionGuard::start(std::string_view key, std::string_view as_injected) {
  searches_[0].start(key);
  searches_[1].start(as_injected);
  held_ = {};
}

ReflectionGuard::Step ReflectionGuard::feed(std::string_view input) {
  for (Search& search : searches_) {
    if (search.feed(input)) return {true, {}, {}};
  }
  // The stream ends with the beginnings of both keys; the longer one covers the other.
  const Search& longer = searches_[0].matched >= searches_[1].matched ? searches_[0] : searches_[1];
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
