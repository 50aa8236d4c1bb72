// Router: method and path of one API to every operation that fits. A literal segment does not win over a
// parameter: the vendor's router may think otherwise, so whoever decides has to look at all of them.
// Immutable; any thread. Costs: a look at the operations whose templates have as many segments.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/catalogue/catalogue.h"
#include "policy/decision.h"

namespace sluice {

class Router {
 public:
  // `first_slot` is the first operation's. Requires: `operations` stays where it is.
  Router(const std::vector<Operation>& operations, size_t first_slot);

  // Appends to the target's fits, in the catalogue's order, what its path fits, and their parameters. HEAD
  // fits what GET fits.
  void find(std::string_view method, Target& target) const;
  // Appends what the path fits to a server that reads it leniently and ignores case, unless that fits it as
  // it is. After find().
  void find_leniently(std::string_view method, Target& target) const;
  // Whether some operation that another method calls and that changes something has the path.
  bool has_other_method(std::string_view method, const DecodedPath& path) const;

 private:
  struct Entry {
    std::string_view last;  // the last segment when it is a literal, where paths differ most; else empty
    const Operation* operation;
    size_t slot;
  };
  std::vector<std::vector<Entry>> by_length_;  // of the template, in segments
};

}  // namespace sluice
