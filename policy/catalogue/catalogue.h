// Catalogue: what the gate knows of one vendor API: its operations, what they do, and what their bodies hold.
// Built-in catalogues (push.yaml, securenvoy.yaml) are embedded at build time; a team's own file is a whole
// catalogue or adds operations to a built-in one (`extends: push`). Immutable once read; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.h"
#include "config/model.h"

namespace sluice {

enum class Access : uint8_t { kRead, kWrite };
std::string_view to_text(Access access);

// The subset of JSON Schema that catalogues use. Unknown members and null always pass.
struct BodySchema {
  enum class Type : uint8_t { kAny, kObject, kArray, kString, kInteger, kNumber, kBoolean };
  struct Property;

  Type type = Type::kAny;
  // Of an object. Names are case-folded where the catalogue is case-insensitive, as parse_json_strictly()
  // folds keys.
  std::vector<Property> properties;
  std::vector<std::string> required;
  std::vector<BodySchema> items;  // of an array: empty or one schema for every item
  std::optional<uint64_t> min_items, max_items, min_length, max_length;
  std::vector<std::string> enumeration;  // allowed texts
};

struct BodySchema::Property {
  std::string name;
  BodySchema schema;
  // Tags that a request gets when its body carries this member, null included. A member tagged
  // credential-write holds a credential: its value is never recorded, and the body is not hashed.
  std::vector<std::string> tags;
  std::string written{};  // the name as the catalogue has it, for people
};

// One segment of a path template: a literal, or a parameter such as {id}, which matches one non-empty
// segment.
struct PathSegment {
  bool parameter = false;
  std::string
      text;  // the literal, case-folded where the catalogue is case-insensitive; or the parameter's name
};

struct Operation {
  std::string id;  // with the API's name: push.employees.merge
  std::string method;
  std::string path;                   // the template as written, without base_path
  std::vector<PathSegment> segments;  // of base_path and path
  Access access = Access::kRead;
  std::vector<std::string> tags;
  std::optional<BodySchema> body;
  bool body_required = false;        // also true by default when the body has required members
  std::vector<std::string> query;    // names of the documented query parameters
  std::vector<std::string> targets;  // JSON Pointers (with *) to the ids of the objects touched, in the body
  std::string source;                // seed | public | inferred

  bool has_tag(std::string_view tag) const;
};

struct Catalogue {
  std::string api;
  std::string credential_header;
  std::string credential_value;  // template with {key}
  RateLimit limit;
  bool case_insensitive = false;
  std::string base_path;
  std::vector<Operation> operations;

  // Every tag of an operation or a body field, each once.
  std::vector<std::string> all_tags() const;
};

// The text of a built-in catalogue, or "" for an unknown name.
std::string_view built_in_catalogue(std::string_view name);
std::vector<std::string> built_in_catalogue_names();

// `reference` is a built-in name or a path; the API's name in the configuration prefixes the operation ids.
std::optional<Catalogue> load_catalogue(const std::string& reference, const std::string& api_name,
                                        const Position& at, Findings& findings);

}  // namespace sluice
