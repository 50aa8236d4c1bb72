// diff_places: the regions of method and path in which the same operations fit: for each operation of a
// catalogue by itself, and for each set of operations that one path can fit. Requests that fit none are one
// more for each API. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "policy/engine.h"

namespace sluice {

struct DiffPlace {
  size_t api = 0;
  std::string method;                 // empty for API.unknown
  std::vector<size_t> slots;          // of the operations that fit, in the order of the target's fits
  std::vector<PathSegment> segments;  // a parameter is any text that leaves the fits as they are
};

std::vector<DiffPlace> find_places(const Engine& engine);

// The operation's literals that stand at `index` of a path of `length` segments, and those of all lengths
// for 0.
std::vector<std::string> literals_at(const Catalogue& catalogue, size_t index, size_t length);
// "x" or something as plain that is none of `taken`.
std::string plain_text_beside(const std::vector<std::string>& taken);

}  // namespace sluice
