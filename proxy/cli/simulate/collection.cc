#include "proxy/cli/simulate/collection.h"

#include <algorithm>

namespace sluice {

Collection::Collection(std::string prefix, Json items)
    : prefix_(std::move(prefix)), items_(items.begin(), items.end()), last_id_(items_.size()) {}

const Json* Collection::find(std::string_view id) const {
  const auto found =
      std::find_if(items_.begin(), items_.end(), [id](const Json& item) { return item.at("id") == id; });
  return found == items_.end() ? nullptr : &*found;
}

Json* Collection::find(std::string_view id) {
  return const_cast<Json*>(static_cast<const Collection&>(*this).find(id));
}

const Json& Collection::add(const Json& item) {
  Json complete{{"id", prefix_ + std::to_string(++last_id_)}};
  complete.update(item);
  items_.push_back(std::move(complete));
  return items_.back();
}

bool Collection::remove(std::string_view id) {
  return std::erase_if(items_, [id](const Json& item) { return item.at("id") == id; }) > 0;
}

}  // namespace sluice
