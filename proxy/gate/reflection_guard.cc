#include "proxy/gate/reflection_guard.h"

namespace sluice {

void ReflectionGuard::start(std::string_view key) {
  key_ = key;
  matched_ = 0;
  fallback_.assign(key.size(), 0);
  for (size_t i = 1, border = 0; i < key.size(); ++i) {
    while (border > 0 && key[i] != key[border]) border = fallback_[border - 1];
    if (key[i] == key[border]) ++border;
    fallback_[i] = border;
  }
}

ReflectionGuard::Step ReflectionGuard::feed(std::string_view input) {
  if (key_.empty()) return {false, {}, input};
  const size_t held = matched_;
  for (size_t i = 0; i < input.size(); ++i) {
    while (matched_ > 0 && input[i] != key_[matched_]) matched_ = fallback_[matched_ - 1];
    if (input[i] == key_[matched_]) ++matched_;
    if (matched_ == key_.size()) return {true, {}, {}};
  }
  // The stream so far ends with `matched_` octets of the key: some of them were held before, the rest is input.
  const size_t total = held + input.size() - matched_;  // to be sent now
  const size_t released = total < held ? total : held;
  return {false, key_.substr(0, released), input.substr(0, total - released)};
}

std::string_view ReflectionGuard::finish() {
  const std::string_view rest = key_.substr(0, matched_);
  matched_ = 0;
  return rest;
}

bool ReflectionGuard::contains(std::string_view text, std::string_view key) {
  return !key.empty() && text.find(key) != std::string_view::npos;
}

}  // namespace sluice
