// wipe: clears a buffer that is used again, of octets that may have been a secret: the next request must not
// stand beside the last one's. What is freed is cleared by proxy/cli/wiping_memory.cc. Any thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>

namespace sluice {

// As explicit_bzero, for where its call costs more than the clearing.
inline void wipe(void* memory, size_t size) {
  std::memset(memory, 0, size);
  asm volatile("" : : "r"(memory) : "memory");  // it is not left out because nobody reads it
}

// Empty afterwards; the memory is kept. Wiped each time it is cleared, it has no rest behind its end.
inline void wipe(std::string& text) {
  wipe(text.data(), text.size());
  text.clear();
}

// With whatever a longer value or a move may have left behind the end.
inline void wipe_all(std::string& text) {
  text.resize(text.capacity());
  wipe(text);
}

// What this thread has left behind where nobody frees it: the stack below the caller, and the vector
// registers, in which memcpy leaves the last octets that it moved; the dynamic linker saves those on the
// stack whenever it binds a function at its first call. For whoever has read secrets and may sleep for long.
void wipe_thread();

}  // namespace sluice
