#include "policy/body_check.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "config/ascii.h"
#include "policy/text.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

using Type = JsonValue::Type;

Refusal not_json(std::string detail) { return {415, "body-not-json", std::move(detail)}; }
Refusal rejected(std::string detail) { return {400, "body-rejected", std::move(detail)}; }

// Also application/vnd.x+json, but nothing that a careless comparison takes for a form.
bool is_json_type(std::string_view media_type) {
  if (equals_ignoring_case(media_type, "application/json")) return true;
  constexpr std::string_view kFamily = "application/", kForm = "x-www-form-urlencoded", kSuffix = "+json";
  if (!equals_ignoring_case(media_type.substr(0, kFamily.size()), kFamily)) return false;
  const std::string_view subtype = media_type.substr(kFamily.size());
  return is_token(subtype) && subtype.size() > kSuffix.size() &&
         !equals_ignoring_case(subtype.substr(0, kForm.size()), kForm) &&
         equals_ignoring_case(subtype.substr(subtype.size() - kSuffix.size()), kSuffix);
}

// Only parameters without a quoted comma, semicolon or backslash: what is rarer has two readings.
const char* refuse_content_type(std::string_view value) {
  const size_t semicolon = value.find(';');
  if (!is_json_type(trim(value.substr(0, semicolon)))) return "the Content-Type is not JSON";
  bool has_charset = false;
  std::string_view rest =
      semicolon == std::string_view::npos ? std::string_view() : value.substr(semicolon + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view parameter = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) return "the Content-Type has a parameter that cannot be read";
    std::string_view text = parameter.substr(equals + 1);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    if (!is_token(parameter.substr(0, equals)) || !is_token(text)) {
      return "the Content-Type has a parameter that cannot be read";
    }
    if (!equals_ignoring_case(parameter.substr(0, equals), "charset")) continue;
    if (has_charset) return "the Content-Type names a charset twice";
    has_charset = true;
    if (!equals_ignoring_case(text, "utf-8")) return "the Content-Type names a charset other than UTF-8";
  }
  return nullptr;
}

std::optional<Refusal> check_headers(std::span<const HeaderView> headers) {
  const HeaderView* content_type = nullptr;
  for (const HeaderView& header : headers) {
    if (equals_ignoring_case(header.name, "content-encoding")) {
      return not_json("the body has a Content-Encoding, send it as plain JSON");
    }
    // Some servers take the second spelling for the first.
    if (equals_ignoring_case(header.name, "content_type")) return not_json("the Content-Type is given twice");
    if (!equals_ignoring_case(header.name, "content-type")) continue;
    if (content_type != nullptr) return not_json("the Content-Type is given twice");
    content_type = &header;
  }
  if (content_type == nullptr) return not_json("the Content-Type is missing, send application/json");
  if (const char* problem = refuse_content_type(trim(content_type->value))) {
    return not_json(std::string(problem) + ", send application/json");
  }
  return std::nullopt;
}

std::string_view name_of(BodySchema::Type type) {
  switch (type) {
    case BodySchema::Type::kAny: return "anything";
    case BodySchema::Type::kObject: return "an object";
    case BodySchema::Type::kArray: return "an array";
    case BodySchema::Type::kString: return "a string";
    case BodySchema::Type::kInteger: return "an integer";
    case BodySchema::Type::kNumber: return "a number";
    case BodySchema::Type::kBoolean: return "a boolean";
  }
  return "";
}

bool has_type(const JsonValue& value, BodySchema::Type type) {
  switch (type) {
    case BodySchema::Type::kAny: return true;
    case BodySchema::Type::kObject: return value.type == Type::kObject;
    case BodySchema::Type::kArray: return value.type == Type::kArray;
    case BodySchema::Type::kString: return value.type == Type::kString;
    case BodySchema::Type::kInteger:
      return value.type == Type::kInteger ||
             (value.type == Type::kNumber && std::trunc(value.number) == value.number);
    case BodySchema::Type::kNumber: return value.type == Type::kInteger || value.type == Type::kNumber;
    case BodySchema::Type::kBoolean: return value.type == Type::kBoolean;
  }
  return false;
}

// Checks a body against a schema and keeps the place of the first problem as a JSON Pointer.
class SchemaCheck {
 public:
  bool check(const BodySchema& schema, const JsonValue& value) {
    if (value.type == Type::kNull) return true;
    if (!has_type(value, schema.type)) return fail("expected " + std::string(name_of(schema.type)));
    if (!check_enumeration(schema, value)) return false;
    if (value.type == Type::kString) {
      const uint64_t length = count_code_points(value.text);
      return check_count(length, schema.min_length, schema.max_length, "characters");
    }
    if (value.type == Type::kArray) return check_items(schema, value);
    if (value.type == Type::kObject) return check_members(schema, value);
    return true;
  }
  // "" for the whole body.
  const std::string& place() const { return place_; }
  const std::string& problem() const { return problem_; }

 private:
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool check_enumeration(const BodySchema& schema, const JsonValue& value) {
    if (schema.enumeration.empty()) return true;
    const auto& allowed = schema.enumeration;
    if (value.type == Type::kString && std::find(allowed.begin(), allowed.end(), value.text) != allowed.end())
      return true;
    std::string names;
    for (const std::string& name : allowed) names += (names.empty() ? "" : ", ") + name;
    return fail("expected one of: " + names);
  }

  bool check_count(uint64_t count, const std::optional<uint64_t>& least, const std::optional<uint64_t>& most,
                   const char* what) {
    if (least && count < *least) return fail("expected at least " + std::to_string(*least) + " " + what);
    if (most && count > *most) return fail("expected at most " + std::to_string(*most) + " " + what);
    return true;
  }

  bool check_items(const BodySchema& schema, const JsonValue& value) {
    if (!check_count(value.items.size(), schema.min_items, schema.max_items, "items")) return false;
    if (schema.items.empty()) return true;
    for (size_t i = 0; i < value.items.size(); ++i) {
      if (!check_below(std::to_string(i), schema.items[0], value.items[i])) return false;
    }
    return true;
  }

  bool check_members(const BodySchema& schema, const JsonValue& value) {
    for (const std::string& name : schema.required) {
      if (value.find(name) == nullptr) return fail("the member \"" + name + "\" is missing");
    }
    for (const BodySchema::Property& property : schema.properties) {
      const JsonValue* member = value.find(property.name);
      if (member != nullptr && !check_below(property.name, property.schema, *member)) return false;
    }
    return check_spelling(schema, value);
  }

  // Some readers would take such a member for the one that it resembles.
  bool check_spelling(const BodySchema& schema, const JsonValue& value) {
    for (const JsonValue::Member& member : value.members) {
      for (const BodySchema::Property& property : schema.properties) {
        if (member.first == property.name || !same_but_for_case(member.first, property.name)) continue;
        return fail("a member differs from \"" + property.name + "\" by its case alone");
      }
    }
    return true;
  }

  // `name` is the catalogue's, or an index.
  bool check_below(const std::string& name, const BodySchema& schema, const JsonValue& value) {
    const size_t before = place_.size();
    place_ += "/" + name;
    if (!check(schema, value)) return false;
    place_.resize(before);
    return true;
  }

  std::string place_;
  std::string problem_;
};

}  // namespace

BodyReading read_body(std::span<const HeaderView> headers, std::string_view body, bool fold) {
  BodyReading reading;
  if (body.empty()) return reading;
  reading.refusal = check_headers(headers);
  if (reading.refusal) return reading;
  auto value = parse_json_strictly(body, fold);
  if (value) {
    reading.value = *std::move(value);
  } else {
    reading.refusal = rejected(value.error().message);
  }
  return reading;
}

std::optional<Refusal> check_schema(const Operation& operation, const JsonValue* value) {
  if (!operation.body) return std::nullopt;
  const bool missing = value == nullptr || value->type == Type::kNull;
  if (missing && operation.body_required) return rejected("a body is required");
  if (value == nullptr) return std::nullopt;
  SchemaCheck check;
  if (check.check(*operation.body, *value)) return std::nullopt;
  const std::string place = check.place().empty() ? "the body" : check.place();
  return rejected(place + ": " + check.problem());
}

void collect_tags(const BodySchema& schema, const JsonValue& value, std::vector<std::string_view>& tags) {
  if (value.type == Type::kObject) {
    for (const BodySchema::Property& property : schema.properties) {
      const JsonValue* member = value.find(property.name);
      if (member == nullptr) continue;
      tags.insert(tags.end(), property.tags.begin(), property.tags.end());
      collect_tags(property.schema, *member, tags);
    }
  }
  if (value.type == Type::kArray && !schema.items.empty()) {
    for (const JsonValue& item : value.items) {
      collect_tags(schema.items[0], item, tags);
      std::sort(tags.begin(), tags.end());
      tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    }
  }
}

bool may_hold_credential(const BodySchema& schema) {
  const auto& properties = schema.properties;
  const bool own =
      std::any_of(properties.begin(), properties.end(), [](const BodySchema::Property& property) {
        return std::find(property.tags.begin(), property.tags.end(), kCredentialTag) != property.tags.end() ||
               may_hold_credential(property.schema);
      });
  return own || std::any_of(schema.items.begin(), schema.items.end(), may_hold_credential);
}

}  // namespace sluice
