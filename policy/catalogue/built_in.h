// built_in: the catalogue files embedded at build time (embed.cmake writes the source).
#pragma once

#include <cstddef>

namespace sluice {

struct BuiltInCatalogue {
  const char* name;
  const char* text;
};

extern const BuiltInCatalogue kBuiltInCatalogues[];
extern const size_t kBuiltInCatalogueCount;

}  // namespace sluice
