// ReflectionGuard: withholds an answer that contains the injected key (interface 5). Looks for the key, plain
// and as it was injected, in the octets of a stream, across pieces: octets that may be the key's beginning
// are held back until it is clear that they are not. Knuth, Morris and Pratt 1977. Owner: the exchange. No
// allocation. KeyPattern: a key and what the search needs to know of it, made once. Immutable; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "config/secret.h"

namespace sluice {

class KeyPattern {
 public:
  KeyPattern() = default;
  explicit KeyPattern(Secret key);

  const Secret& key() const { return key_; }
  size_t size() const { return borders_.size(); }
  // Of the prefix of `length` octets (at least one): its longest proper border.
  size_t border(size_t length) const { return borders_[length - 1]; }

 private:
  Secret key_;
  std::vector<size_t> borders_;
};

class ReflectionGuard {
 public:
  // Both must outlive the answer. An empty one finds nothing.
  void start(const KeyPattern& key, const KeyPattern& as_injected);
  // After start(), before an answer: another one that was sent for it. At most one more.
  void add(const KeyPattern& key, const KeyPattern& as_injected);

  struct Step {
    bool found = false;
    std::string_view released;  // octets held back before, to be sent first; a view into a key
    std::string_view piece;     // of the input, to be sent after it
  };
  Step feed(std::string_view input);
  // The octets held back at the end of the stream: not a key after all.
  std::string_view finish();

  // Whether a whole text holds one of them.
  bool is_in(std::string_view text) const;

 private:
  struct Search {
    const KeyPattern* pattern = nullptr;
    std::string_view key;
    size_t matched = 0;  // octets of the key that the stream ends with

    bool feed(std::string_view input);  // true: found
    bool step(std::string_view input);
  };

  std::array<Search, 4> searches_;
  std::string_view held_;  // what the stream ends with and has not been released
};

}  // namespace sluice
