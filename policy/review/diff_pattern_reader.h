// diff_pattern_reader: the text of a pattern to a tree: the part of RE2's syntax that policies use. Pure; any
// thread. Fails: nullopt for whatever else (word boundaries, Unicode classes, flags but i and s), so that
// nobody takes half a pattern for a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

struct CharacterSet {
  std::vector<std::pair<char32_t, char32_t>> ranges;  // both ends included

  bool has(char32_t c) const {
    for (const auto& [low, high] : ranges) {
      if (c >= low && c <= high) return true;
    }
    return false;
  }
};

struct PatternNode {
  enum class Kind : uint8_t { kCharacters, kBegin, kEnd, kSequence, kChoice, kRepeat };
  Kind kind = Kind::kSequence;
  CharacterSet characters;
  std::vector<PatternNode> children;
  int least = 0;            // of kRepeat
  std::optional<int> most;  // of kRepeat; absent: without end
};

std::optional<PatternNode> read_pattern_text(std::string_view pattern, bool ignore_case);

}  // namespace sluice
