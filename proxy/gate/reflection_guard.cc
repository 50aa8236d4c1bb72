#include "proxy/gate/reflection_guard.h"

#include <algorithm>
#include <utility>

#include "config/wipe.h"

namespace sluice {
namespace {

const KeyPattern kNoPattern;

bool may_hold_escapes(std::string_view text) {
  return text.find('%') != std::string_view::npos || text.find('\\') != std::string_view::npos;
}

}  // namespace

ReflectionGuard::ReflectionGuard() { patterns_.fill(&kNoPattern); }

void ReflectionGuard::start(const KeyPattern& key, const KeyPattern& as_injected) {
  clear();
  patterns_[0] = &key;
  patterns_[1] = &as_injected;
}

void ReflectionGuard::add(const KeyPattern& key, const KeyPattern& as_injected) {
  patterns_[2] = &key;
  patterns_[3] = &as_injected;
}

void ReflectionGuard::clear() {
  patterns_.fill(&kNoPattern);
  if (!std::exchange(has_held_, false)) return;
  wipe_all(held_);
  wipe_all(released_);
}

bool ReflectionGuard::search(std::string_view input, size_t* held) const {
  *held = 0;
  const bool is_escaped = may_hold_escapes(input) || may_hold_escapes(held_);
  for (const KeyPattern* const pattern : patterns_) {
    if (pattern->empty()) continue;
    // The border: what is held back, and as much as a key that begins there may still need. Short: an input
    // that is no longer is in it whole.
    std::string border;
    if (!held_.empty()) border.append(held_).append(input.substr(0, 2 * pattern->longest()));
    const bool found = pattern->is_in(border) || pattern->is_in(input);
    const bool has_all = border.size() == held_.size() + input.size();
    *held = std::max(*held, pattern->beginning_at_end(has_all ? std::string_view(border) : input));
    wipe(border);
    if (found) return true;
    if (!is_escaped) continue;
    size_t escaped = 0;
    if (pattern->is_in_escaped(held_, input, &escaped)) return true;
    *held = std::max(*held, escaped);
  }
  return false;
}

ReflectionGuard::Step ReflectionGuard::feed(std::string_view input) {
  size_t holds = 0;
  if (search(input, &holds)) {
    clear();
    return {true, {}, {}};
  }
  if (holds == 0 && held_.empty()) return {false, {}, input};
  has_held_ = true;
  const size_t total = held_.size() + input.size() - holds;  // to be sent now
  if (total < held_.size()) {
    released_.assign(held_, 0, total);
    held_.erase(0, total).append(input);
    return {false, released_, {}};
  }
  const size_t sent = total - held_.size();
  released_.swap(held_);
  wipe(held_);
  held_.append(input.substr(sent));
  return {false, released_, input.substr(0, sent)};
}

std::string_view ReflectionGuard::finish() {
  if (held_.empty()) return {};
  released_.swap(held_);
  wipe(held_);
  return released_;
}

bool ReflectionGuard::is_in(std::string_view text) const {
  const bool is_escaped = may_hold_escapes(text);
  return std::any_of(patterns_.begin(), patterns_.end(), [text, is_escaped](const KeyPattern* pattern) {
    size_t held = 0;
    return pattern->is_in(text) || (is_escaped && pattern->is_in_escaped({}, text, &held));
  });
}

}  // namespace sluice
