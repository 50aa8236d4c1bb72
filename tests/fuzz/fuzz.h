// fuzz: what the targets share. A target is one file, NAME_fuzz.cc, with LLVMFuzzerTestOneInput: `./dev fuzz
// NAME` runs it under libFuzzer, and replay_test.cc runs it over the files of corpus/NAME.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// What must hold for every input. libFuzzer takes the exception for a crash, GoogleTest for a failure.
inline void require(bool holds, const char* claim) {
  if (!holds) throw std::logic_error(claim);
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Numbers that one input always gives alike, whatever the machine.
class Dice {
 public:
  explicit Dice(std::string_view input) {
    for (const char c : input) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  // From 1 to `most`.
  size_t roll(size_t most) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<size_t>(state_ >> 33) % most + 1;
  }

 private:
  uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace sluice
