#include "policy/catalogue/catalogue.h"

#include <algorithm>

#include "config/embedded_file.h"

namespace sluice {

extern const std::span<const EmbeddedFile> kBuiltInCatalogues;

namespace {

// push of push.yaml.
std::string_view name_of(const EmbeddedFile& file) { return file.name.substr(0, file.name.find('.')); }

void add_once(std::vector<std::string>& all, const std::vector<std::string>& tags) {
  for (const std::string& tag : tags) {
    if (std::find(all.begin(), all.end(), tag) == all.end()) all.push_back(tag);
  }
}

void add_tags_of(const BodySchema& schema, std::vector<std::string>& all) {
  for (const BodySchema::Property& property : schema.properties) {
    add_once(all, property.tags);
    add_tags_of(property.schema, all);
  }
  for (const BodySchema& items : schema.items) add_tags_of(items, all);
}

}  // namespace

std::string_view to_text(Access access) { return access == Access::kRead ? "read" : "write"; }

bool Operation::has_tag(std::string_view tag) const {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

std::vector<std::string> Catalogue::all_tags() const {
  std::vector<std::string> all;
  for (const Operation& operation : operations) {
    add_once(all, operation.tags);
    if (operation.body) add_tags_of(*operation.body, all);
  }
  return all;
}

std::string_view built_in_catalogue(std::string_view name) {
  for (const EmbeddedFile& file : kBuiltInCatalogues)
    if (name_of(file) == name) return file.text;
  return "";
}

std::vector<std::string> built_in_catalogue_names() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : kBuiltInCatalogues) names.emplace_back(name_of(file));
  return names;
}

}  // namespace sluice
