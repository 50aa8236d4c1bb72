// Whatever the process frees is cleared first, so that neither a core dump nor a bug that reads freed memory
// shows a key, a token or a body of before. Replaces the global operator delete ([new.delete]); operator new
// stays the library's, which takes its memory from malloc. Not part of builds with sanitizers, which have
// their own. OpenSSL's memory: proxy/crypto_memory.h. Any thread.
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace {

void wipe_and_free(void* memory, std::size_t size) noexcept {
  explicit_bzero(memory, size);
  std::free(memory);
}

void wipe_and_free(void* memory) noexcept {
  if (memory != nullptr) wipe_and_free(memory, malloc_usable_size(memory));
}

}  // namespace

void operator delete(void* memory) noexcept { wipe_and_free(memory); }
void operator delete[](void* memory) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { wipe_and_free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::size_t size) noexcept {
  if (memory != nullptr) wipe_and_free(memory, size);
}
void operator delete[](void* memory, std::size_t size) noexcept {
  if (memory != nullptr) wipe_and_free(memory, size);
}
void operator delete(void* memory, std::align_val_t) noexcept { wipe_and_free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { wipe_and_free(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  wipe_and_free(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  wipe_and_free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { wipe_and_free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { wipe_and_free(memory); }
