#include "policy/schema_place.h"

#include <algorithm>

#include "policy/body_check.h"
#include "policy/json_view.h"

namespace sluice {
namespace {

using Type = BodySchema::Type;

bool is_tagged_credential(const BodySchema::Property& property) {
  return std::find(property.tags.begin(), property.tags.end(), kCredentialTag) != property.tags.end();
}

// As JsonValue::child() reads them; no vendor's list has a billion items.
bool names_item(std::string_view segment) {
  constexpr size_t kMostDigits = 9;
  if (segment == "*") return true;
  if (segment.empty() || segment.size() > kMostDigits || (segment.size() > 1 && segment.front() == '0'))
    return false;
  return std::all_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void add_places(const BodySchema& schema, const std::string& at, std::vector<std::string>& out) {
  if (schema.type == Type::kObject) {
    for (const BodySchema::Property& property : schema.properties) {
      if (!is_tagged_credential(property))
        add_places(property.schema, at + "/" + escape_pointer_segment(property.name), out);
    }
  } else if (schema.type == Type::kArray) {
    if (!schema.items.empty()) add_places(schema.items[0], at + "/*", out);
  } else {
    out.push_back(at);
  }
}

}  // namespace

SchemaPlace find_place(const BodySchema& schema, std::span<const std::string> segments) {
  static const BodySchema kAnything;
  const BodySchema* at = &schema;
  for (const std::string& segment : segments) {
    if (at->type == Type::kObject) {
      const auto member = std::find_if(at->properties.begin(), at->properties.end(),
                                       [&segment](const auto& one) { return one.name == segment; });
      if (member == at->properties.end()) return SchemaPlace::kUnknown;
      if (is_tagged_credential(*member)) return SchemaPlace::kCredential;
      at = &member->schema;
    } else if (at->type == Type::kArray && names_item(segment)) {
      at = at->items.empty() ? &kAnything : &at->items[0];
    } else {
      return SchemaPlace::kUnknown;
    }
  }
  const bool holds_more = at->type == Type::kObject || at->type == Type::kArray;
  return holds_more ? SchemaPlace::kContainer : SchemaPlace::kValue;
}

std::vector<std::string> value_places(const BodySchema& schema) {
  std::vector<std::string> places;
  add_places(schema, "", places);
  std::sort(places.begin(), places.end());
  return places;
}

}  // namespace sluice
