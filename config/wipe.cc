#include "config/wipe.h"

namespace sluice {
namespace {

constexpr size_t kStack = 256 * 1024;  // deeper than a TLS handshake or a parser goes

#ifdef __x86_64__

__attribute__((target("avx"))) void wipe_low_registers() {
  asm volatile("vzeroall"
               :
               :
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

// Which vzeroall leaves as they are. glibc's memcpy prefers them where there are any.
__attribute__((target("avx512f"))) void wipe_high_registers() {
  asm volatile(
      "vpxorq %%zmm16, %%zmm16, %%zmm16\n"
      "vpxorq %%zmm17, %%zmm17, %%zmm17\n"
      "vpxorq %%zmm18, %%zmm18, %%zmm18\n"
      "vpxorq %%zmm19, %%zmm19, %%zmm19\n"
      "vpxorq %%zmm20, %%zmm20, %%zmm20\n"
      "vpxorq %%zmm21, %%zmm21, %%zmm21\n"
      "vpxorq %%zmm22, %%zmm22, %%zmm22\n"
      "vpxorq %%zmm23, %%zmm23, %%zmm23\n"
      "vpxorq %%zmm24, %%zmm24, %%zmm24\n"
      "vpxorq %%zmm25, %%zmm25, %%zmm25\n"
      "vpxorq %%zmm26, %%zmm26, %%zmm26\n"
      "vpxorq %%zmm27, %%zmm27, %%zmm27\n"
      "vpxorq %%zmm28, %%zmm28, %%zmm28\n"
      "vpxorq %%zmm29, %%zmm29, %%zmm29\n"
      "vpxorq %%zmm30, %%zmm30, %%zmm30\n"
      "vpxorq %%zmm31, %%zmm31, %%zmm31\n"
      :
      :
      : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26",
        "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

void wipe_registers() {
  if (__builtin_cpu_supports("avx") != 0) wipe_low_registers();
  if (__builtin_cpu_supports("avx512f") != 0) wipe_high_registers();
}

#else

void wipe_registers() {}

#endif

[[gnu::noinline]] void wipe_stack() {
  char below[kStack];
  wipe(below, sizeof below);
}

}  // namespace

void wipe_thread() {
  wipe_registers();
  wipe_stack();
}

}  // namespace sluice
