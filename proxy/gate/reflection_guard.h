// ReflectionGuard: withholds an answer that contains the injected key (interface 5). Looks for the key, as it
// is, as it was injected, and in the encodings that KeyPattern names, in the octets of a stream, across
// pieces: octets that may be the key's beginning are held back until it is clear that they are not. Owner:
// the exchange. Allocates only to hold back. Thread: one at a time.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "proxy/gate/key_pattern.h"

namespace sluice {

class ReflectionGuard {
 public:
  ReflectionGuard();
  // Both must outlive the answer. An empty one finds nothing.
  void start(const KeyPattern& key, const KeyPattern& as_injected);

  // After start(), before an answer: another one that was sent for it. At most one more.
  void add(const KeyPattern& key, const KeyPattern& as_injected);

  struct Step {
    bool found = false;
    std::string_view released;  // octets held back before, to be sent first; valid until the next call
    std::string_view piece;     // of the input, to be sent after it
  };
  Step feed(std::string_view input);
  // The octets held back at the end of the stream: not a key after all. Valid until the next call.
  std::string_view finish();
  // Looks for nothing any more, and forgets what it holds back.
  void clear();

  // Whether a whole text holds one of them.
  bool is_in(std::string_view text) const;

 private:
  // Whether the key is in what is held back and `input`. `held`: how much is to be held back after it.
  bool search(std::string_view input, size_t* held) const;

  std::array<const KeyPattern*, 4> patterns_;
  std::string held_;  // what the stream ends with and has not been released
  std::string released_;
  bool has_held_ = false;  // since it was started
};

}  // namespace sluice
