// ReflectionGuard: withholds an answer that contains the injected key (interface 5). Looks for the key in the octets of a
// stream, across pieces: octets that may be the key's beginning are held back until it is clear that they are not.
// Knuth, Morris and Pratt 1977. Owner: the exchange. No allocation after the first key of a size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class ReflectionGuard {
 public:
  // `key` must outlive the answer. An empty key finds nothing.
  void start(std::string_view key);

  struct Step {
    bool found = false;
    std::string_view released;  // key octets held back before, to be sent first; a view into the key
    std::string_view piece;     // of the input, to be sent after it
  };
  Step feed(std::string_view input);
  // The octets held back at the end of the stream: not the key after all.
  std::string_view finish();

  static bool contains(std::string_view text, std::string_view key);

 private:
  std::string_view key_;
  std::vector<size_t> fallback_;  // of each prefix: its longest proper border
  size_t matched_ = 0;            // octets of the key that the stream ends with
};

}  // namespace sluice
