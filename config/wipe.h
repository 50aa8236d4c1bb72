// wipe: clears a buffer that is used again, of octets that may have been a secret: the next request must not
// stand beside the last one's. What is freed is cleared by proxy/cli/wiping_memory.cc. Any thread.
#pragma once

#include <cstring>
#include <string>

namespace sluice {

// Empty afterwards; the memory is kept. Wiped each time it is cleared, it has no rest behind its end.
inline void wipe(std::string& text) {
  explicit_bzero(text.data(), text.size());
  text.clear();
}

// With whatever a longer value or a move may have left behind the end.
inline void wipe_all(std::string& text) {
  text.resize(text.capacity());
  wipe(text);
}

}  // namespace sluice
