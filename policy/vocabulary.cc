#include "policy/vocabulary.h"

#include <algorithm>

namespace sluice {
namespace {

// A policy for both vendors holds for a gate that has only one of them: "nobody writes credentials" is true
// there too.
void add_built_in_tags(std::vector<std::string>& tags) {
  Findings ignored;
  for (const std::string& name : built_in_catalogue_names()) {
    const auto catalogue = load_catalogue(name, name, {}, ignored);
    if (!catalogue) continue;
    const std::vector<std::string> found = catalogue->all_tags();
    tags.insert(tags.end(), found.begin(), found.end());
  }
}

void sort_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

// * stands for any characters; two cursors, so that no pattern costs more than the product of the lengths.
bool matches_segment(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// Cuts the first segment off.
std::string_view take_segment(std::string_view& rest) {
  const size_t dot = rest.find('.');
  const std::string_view segment = rest.substr(0, dot);
  rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  return segment;
}

}  // namespace

Vocabulary::Vocabulary(const Config& config, const std::vector<Catalogue>& catalogues) {
  for (const ClientConfig& client : config.clients) {
    clients.push_back(client.name);
    client_groups.push_back(client.groups);
    groups.insert(groups.end(), client.groups.begin(), client.groups.end());
  }
  for (size_t api = 0; api < config.apis.size(); ++api) {
    apis.push_back(config.apis[api].name);
    first_slots.push_back(slots.size());
    for (const Operation& operation : catalogues[api].operations) {
      Slot& slot = slots.emplace_back(Slot{operation.id, api, false, {}});
      for (const PathSegment& segment : operation.segments) {
        if (segment.parameter) slot.parameters.push_back(segment.text);
      }
    }
    slots.push_back({config.apis[api].name + ".unknown", api, true, {}});
    const std::vector<std::string> found = catalogues[api].all_tags();
    tags.insert(tags.end(), found.begin(), found.end());
  }
  add_built_in_tags(tags);
  sort_unique(groups);
  sort_unique(tags);
}

std::vector<size_t> Vocabulary::find_operations(std::string_view text) const {
  const bool wildcard = text.find('*') != std::string_view::npos;
  std::vector<size_t> found;
  for (size_t slot = 0; slot < slots.size(); ++slot) {
    const bool fits =
        wildcard ? !slots[slot].unknown && matches_dotted(text, slots[slot].id) : text == slots[slot].id;
    if (fits) found.push_back(slot);
  }
  return found;
}

std::vector<std::string> Vocabulary::operation_ids() const {
  std::vector<std::string> ids;
  for (const Slot& slot : slots) ids.push_back(slot.id);
  return ids;
}

bool matches_dotted(std::string_view pattern, std::string_view id) {
  while (!pattern.empty()) {
    if (id.empty()) return false;
    const std::string_view segment = take_segment(pattern);
    if (segment == "*" && pattern.empty()) return true;
    if (!matches_segment(segment, take_segment(id))) return false;
  }
  return id.empty();
}

}  // namespace sluice
