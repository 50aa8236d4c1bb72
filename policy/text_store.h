// TextStore: texts that somebody else keeps views of. A text stays where it is while the store lives, moved
// or not. Owner: whoever keeps the views. Costs: clear() keeps the memory, so that a store in use again
// allocates only for more or longer texts than it has held.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace sluice {

class TextStore {
 public:
  // An empty text, the caller's until clear().
  std::string& next() {
    if (used_ == texts_.size()) texts_.push_back(std::make_unique<std::string>());
    std::string& text = *texts_[used_++];
    text.clear();
    return text;
  }
  // Requires, of a store that was moved from: called before it is used again.
  void clear() { used_ = 0; }

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
  size_t used_ = 0;
};

}  // namespace sluice
