// Collection: objects of one kind in a simulated directory, in the order in which they came. Each is a JSON
// object with an "id". Small and linear on purpose. Owner: the directory.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/cli/simulate/answers.h"

namespace sluice {

class Collection {
 public:
  // `prefix` starts the ids of objects added later: "u" gives u10 after u1..u9.
  Collection(std::string prefix, Json items);

  // nullptr when there is none. Valid until the collection changes.
  Json* find(std::string_view id);
  const Json* find(std::string_view id) const;
  // Gives the object the next id, which it puts first. An id is never used twice.
  const Json& add(const Json& item);
  bool remove(std::string_view id);

  std::vector<Json>& items() { return items_; }
  const std::vector<Json>& items() const { return items_; }

 private:
  std::string prefix_;
  std::vector<Json> items_;
  size_t last_id_;
};

}  // namespace sluice
