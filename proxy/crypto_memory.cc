#include "proxy/crypto_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "proxy/crypto_octets.h"

namespace sluice {
namespace {

void* allocate(size_t size, const char*, int) { return size == 0 ? nullptr : std::malloc(size); }

void release(void* memory, const char*, int) {
  if (memory == nullptr) return;
  explicit_bzero(memory, malloc_usable_size(memory));
  std::free(memory);
}

// realloc() would leave the old octets where they were.
void* reallocate(void* memory, size_t size, const char* file, int line) {
  if (size == 0) {
    release(memory, file, line);
    return nullptr;
  }
  void* const grown = allocate(size, file, line);
  if (grown == nullptr || memory == nullptr) return grown;
  std::memcpy(grown, memory, std::min(size, malloc_usable_size(memory)));
  release(memory, file, line);
  return grown;
}

}  // namespace

void wipe_crypto_memory() {
  require(CRYPTO_set_mem_functions(allocate, reallocate, release) == 1, "setting its memory functions");
}

}  // namespace sluice
