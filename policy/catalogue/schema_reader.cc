#include "policy/catalogue/schema_reader.h"

#include <algorithm>

#include "config/map_reader.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

using Type = BodySchema::Type;

constexpr int kMaxDepth = 16;  // of schemas in schemas: no vendor's body comes near

std::string_view name_of(Type type) {
  if (type == Type::kObject) return "object";
  return type == Type::kArray ? "array" : "string";
}

class SchemaReader {
 public:
  SchemaReader(bool fold, Findings& findings) : fold_(fold), findings_(findings) {}

  // `tags` is where the member's tags go; nullptr for a schema that is not a member's.
  BodySchema read(const Value& value, std::vector<std::string>* tags, int depth) {
    BodySchema schema;
    if (depth > kMaxDepth) {
      findings_.error(value.at, "schema-depth",
                      "schemas are nested deeper than " + std::to_string(kMaxDepth));
      return schema;
    }
    MapReader map(value, "a body schema", findings_);
    if (!map.is_map()) return schema;
    map.choice("type",
               {{"object", Type::kObject},
                {"array", Type::kArray},
                {"string", Type::kString},
                {"integer", Type::kInteger},
                {"number", Type::kNumber},
                {"boolean", Type::kBoolean}},
               schema.type);
    if (const Value* properties = of_type(map, "properties", schema, Type::kObject)) {
      read_properties(*properties, schema, depth);
    }
    if (const Value* required = of_type(map, "required", schema, Type::kObject))
      read_required(*required, schema);
    if (const Value* items = of_type(map, "items", schema, Type::kArray)) {
      schema.items.push_back(read(*items, nullptr, depth + 1));
    }
    read_range(map, schema, Type::kArray, {"minItems", "maxItems"}, schema.min_items, schema.max_items);
    read_range(map, schema, Type::kString, {"minLength", "maxLength"}, schema.min_length, schema.max_length);
    if (const Value* texts = of_type(map, "enum", schema, Type::kString)) read_enumeration(*texts, schema);
    if (tags != nullptr) {
      map.texts("tags", *tags);
      if (const Value* list = map.optional("tags")) check_tags(*list, *tags, findings_);
    }
    map.finish();
    return schema;
  }

 private:
  struct RangeKeys {
    std::string_view low;
    std::string_view high;
  };

  const Value* of_type(MapReader& map, std::string_view keyword, const BodySchema& schema, Type type) {
    const Value* value = map.optional(keyword);
    if (value == nullptr || schema.type == type) return value;
    findings_.error(
        value->at, "schema-keyword",
        std::string(keyword) + " stands only in a schema with type: " + std::string(name_of(type)));
    return nullptr;
  }

  void read_properties(const Value& value, BodySchema& schema, int depth) {
    if (!value.is_map()) {
      findings_.error(value.at, "wrong-type", "properties has to be a map of member names to schemas");
      return;
    }
    for (const auto& [key, member] : value.entries) {
      BodySchema::Property property;
      property.name = member_name(key.text);
      property.written = key.text;
      property.schema = read(member, &property.tags, depth + 1);
      const bool twice = std::any_of(schema.properties.begin(), schema.properties.end(),
                                     [&property](const auto& other) { return other.name == property.name; });
      if (twice) {
        findings_.error(key.at, "duplicate-member", "member \"" + key.text + "\" stands twice, case apart");
        continue;
      }
      schema.properties.push_back(std::move(property));
    }
  }

  void read_required(const Value& value, BodySchema& schema) {
    for (const std::string& name : read_texts(value, "required", findings_)) {
      const std::string key = member_name(name);
      const bool known = std::any_of(schema.properties.begin(), schema.properties.end(),
                                     [&key](const auto& property) { return property.name == key; });
      if (!known) {
        findings_.error(value.at, "unknown-member",
                        "required names \"" + name + "\", which properties does not have");
        continue;
      }
      schema.required.push_back(key);
    }
  }

  void read_range(MapReader& map, const BodySchema& schema, Type type, RangeKeys keys,
                  std::optional<uint64_t>& low, std::optional<uint64_t>& high) {
    low = read_count(of_type(map, keys.low, schema, type), keys.low);
    const Value* at = of_type(map, keys.high, schema, type);
    high = read_count(at, keys.high);
    if (low && high && *low > *high) {
      findings_.error(at->at, "empty-range",
                      std::string(keys.high) + " is less than " + std::string(keys.low));
    }
  }

  std::optional<uint64_t> read_count(const Value* value, std::string_view keyword) {
    if (value == nullptr) return std::nullopt;
    const std::optional<int64_t> count = read_integer(*value, keyword, findings_);
    if (!count) return std::nullopt;
    if (*count < 0) {
      findings_.error(value->at, "out-of-range", std::string(keyword) + " has to be 0 or more");
      return std::nullopt;
    }
    return static_cast<uint64_t>(*count);
  }

  void read_enumeration(const Value& value, BodySchema& schema) {
    schema.enumeration = read_texts(value, "enum", findings_);
    if (value.is_list() && value.items.empty()) {
      findings_.error(value.at, "empty-enum", "enum allows nothing, give at least one text");
    }
  }

  std::string member_name(const std::string& written) const {
    if (!fold_) return written;
    return fold_case(written).value_or(written);
  }

  const bool fold_;
  Findings& findings_;
};

}  // namespace

BodySchema read_body_schema(const Value& value, bool fold, Findings& findings) {
  return SchemaReader(fold, findings).read(value, nullptr, 1);
}

void check_tags(const Value& list, const std::vector<std::string>& tags, Findings& findings) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  for (const std::string& tag : tags) {
    if (tag.empty() || tag.find_first_not_of(kAllowed) != std::string::npos) {
      findings.error(list.at, "bad-tag",
                     "tag \"" + tag + "\" has to be lower-case letters, digits and hyphens");
    }
  }
}

}  // namespace sluice
