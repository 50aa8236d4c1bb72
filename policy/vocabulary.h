// Vocabulary: the names that a policy may use: the configuration's clients, groups and APIs, the catalogues'
// operations and tags. Every operation has a slot: the operations of the first API, its API.unknown, those of
// the next API, and so on.
// Owner: CompiledPolicy; immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "policy/catalogue/catalogue.h"

namespace sluice {

struct Vocabulary {
  struct Slot {
    std::string id;
    size_t api = 0;
    bool unknown = false;                 // API.unknown
    std::vector<std::string> parameters;  // of the path
  };

  Vocabulary(const Config& config, const std::vector<Catalogue>& catalogues);

  std::vector<std::string> clients;                     // by index in the configuration
  std::vector<std::vector<std::string>> client_groups;  // by client
  std::vector<std::string> groups;                      // sorted
  std::vector<std::string> apis;                        // by index in the configuration
  std::vector<std::string> tags;                        // sorted
  std::vector<Slot> slots;
  std::vector<size_t> first_slots;  // by API

  // The slots that a text of `operation` names: a dotted id, literally or with *. Wildcards name known
  // operations only. Empty when it names none.
  std::vector<size_t> find_operations(std::string_view text) const;
  std::vector<std::string> operation_ids() const;
};

// Whether a dotted id fits a pattern: * stands for any characters of one segment, a last segment * for one or
// more segments.
bool matches_dotted(std::string_view pattern, std::string_view id);

}  // namespace sluice
