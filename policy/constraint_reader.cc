#include "policy/constraint_reader.h"

#include <re2/re2.h>

#include <algorithm>

#include "config/ascii.h"
#include "config/map_reader.h"
#include "policy/json_number.h"
#include "policy/text.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr size_t kLongestFlowText = 400;

JsonValue to_json(const Value& value, bool fold_keys, bool& has_text_problem) {
  JsonValue json;
  switch (value.kind) {
    case Value::Kind::kNull: break;
    case Value::Kind::kScalar:
      if (!value.quoted && (value.text == "true" || value.text == "false")) {
        json.type = JsonValue::Type::kBoolean;
        json.boolean = value.text == "true";
      } else if (auto number = value.quoted ? std::nullopt : read_json_number(value.text)) {
        json = to_value(*number);
      } else {
        json.type = JsonValue::Type::kString;
        json.text = value.text;
      }
      break;
    case Value::Kind::kList:
      json.type = JsonValue::Type::kArray;
      for (const Value& item : value.items) json.items.push_back(to_json(item, fold_keys, has_text_problem));
      break;
    case Value::Kind::kMap:
      json.type = JsonValue::Type::kObject;
      for (const auto& [key, member] : value.entries) {
        const auto name = fold_keys ? fold_case(key.text) : std::optional<std::string>(key.text);
        if (!name) has_text_problem = true;
        json.members.push_back({name.value_or(""), to_json(member, fold_keys, has_text_problem)});
      }
      break;
  }
  return json;
}

std::optional<Literal> read_literal(const Value& value, std::string_view what, Findings& findings) {
  Literal literal;
  bool has_text_problem = false;
  literal.value = to_json(value, false, has_text_problem);
  literal.keys_folded = to_json(value, true, has_text_problem);
  literal.as_written = value.text;
  const auto folded = fold_case(value.text);
  if (!folded || has_text_problem) {
    findings.error(value.at, "bad-constraint", std::string(what) + ": a text that is not UTF-8");
    return std::nullopt;
  }
  literal.folded_text = *folded;
  return literal;
}

std::shared_ptr<const re2::RE2> compile_pattern(const std::string& pattern, bool case_sensitive) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(case_sensitive);
  return std::make_shared<const re2::RE2>(pattern, options);
}

void read_pattern(MapReader& map, Constraint& constraint, Findings& findings) {
  const Value* value = map.optional("pattern");
  if (value == nullptr) return;
  const auto text = read_text(*value, "pattern", findings);
  if (!text) return;
  constraint.pattern = compile_pattern(*text, true);
  constraint.pattern_at = value->at;
  constraint.folded_pattern = compile_pattern(*text, false);
  if (constraint.pattern->ok()) return;
  findings.error(value->at, "bad-pattern",
                 "pattern: RE2 refuses \"" + *text + "\": " + constraint.pattern->error());
}

void read_allowed(MapReader& map, Constraint& constraint, Findings& findings) {
  const Value* constant = map.optional("const");
  const Value* choices = map.optional("enum");
  if (constant != nullptr && choices != nullptr) {
    findings.error(choices->at, "bad-constraint", "enum: it stands beside const, give one of the two");
    return;
  }
  if (constant != nullptr) {
    if (auto literal = read_literal(*constant, "const", findings))
      constraint.allowed.push_back(*std::move(literal));
  }
  if (choices == nullptr) return;
  if (!choices->is_list() || choices->items.empty()) {
    findings.error(choices->at, "bad-constraint", "enum: expected a list of at least one value");
    return;
  }
  for (const Value& item : choices->items) {
    if (auto literal = read_literal(item, "enum", findings))
      constraint.allowed.push_back(*std::move(literal));
  }
}

void read_types(MapReader& map, Constraint& constraint, Findings& findings) {
  static const std::vector<std::string> kNames{"string", "number", "integer", "boolean",
                                               "array",  "object", "null"};
  const Value* value = map.optional("type");
  if (value == nullptr) return;
  const std::vector<Value> single{*value};
  for (const Value& item : value->is_list() ? value->items : single) {
    if (item.kind == Value::Kind::kNull) {  // YAML reads a plain null as nothing
      constraint.types.push_back(JsonType::kNull);
      continue;
    }
    const auto name = read_text(item, "type", findings);
    if (!name) continue;
    const auto found = std::find(kNames.begin(), kNames.end(), *name);
    if (found != kNames.end()) {
      constraint.types.push_back(static_cast<JsonType>(found - kNames.begin()));
      continue;
    }
    findings.error(item.at, "bad-constraint",
                   "type: unknown type \"" + *name + "\"" + suggestion(*name, kNames) +
                       ", allowed: string, number, integer, boolean, array, object, null");
  }
  if (value->is_list() && value->items.empty()) {
    findings.error(value->at, "bad-constraint", "type: expected a type or a list of at least one");
  }
}

template <class T>
void read_bound(MapReader& map, std::string_view key, std::optional<T>& out, Findings& findings) {
  const Value* value = map.optional(key);
  if (value == nullptr) return;
  if constexpr (std::is_same_v<T, double>) {
    out = read_number(*value, key, findings);
  } else {
    const auto number = read_integer(*value, key, findings);
    if (!number) return;
    if (*number < 0) {
      findings.error(value->at, "out-of-range",
                     std::string(key) + ": " + value->text + " is out of range, allowed: 0 and more");
    } else {
      out = static_cast<T>(*number);
    }
  }
}

template <class T>
void check_order(const MapReader& map, const std::optional<T>& low, const std::optional<T>& high,
                 const char* names, Findings& findings) {
  if (low && high && *low > *high) {
    findings.error(map.at(), "bad-constraint", std::string(names) + ": no value can be that");
  }
}

std::optional<Constraint> read_keywords(const Value& value, std::string_view what, Findings& findings) {
  Constraint constraint;
  MapReader map(value, "the constraint on " + std::string(what), findings);
  if (value.entries.empty()) {
    findings.error(
        value.at, "bad-constraint",
        std::string(what) + ": the constraint says nothing, give a keyword such as const or pattern");
    return std::nullopt;
  }
  if (const Value* present = map.optional("present"))
    constraint.present = read_boolean(*present, "present", findings);
  read_allowed(map, constraint, findings);
  read_pattern(map, constraint, findings);
  read_types(map, constraint, findings);
  read_bound(map, "minimum", constraint.minimum, findings);
  read_bound(map, "maximum", constraint.maximum, findings);
  read_bound(map, "minLength", constraint.min_length, findings);
  read_bound(map, "maxLength", constraint.max_length, findings);
  read_bound(map, "minItems", constraint.min_items, findings);
  read_bound(map, "maxItems", constraint.max_items, findings);
  map.boolean("uniqueItems", constraint.unique_items);
  map.finish();
  check_order(map, constraint.minimum, constraint.maximum, "minimum is above maximum", findings);
  check_order(map, constraint.min_length, constraint.max_length, "minLength is above maxLength", findings);
  check_order(map, constraint.min_items, constraint.max_items, "minItems is above maxItems", findings);
  if (constraint.present == false && value.entries.size() > 1) {
    findings.error(
        value.at, "bad-constraint",
        std::string(what) + ": present: false stands alone, what is absent has no value to constrain");
  }
  return constraint;
}

void append_flow(const Value& value, std::string& out) {
  if (out.size() > kLongestFlowText) return;
  switch (value.kind) {
    case Value::Kind::kNull: out += "null"; break;
    case Value::Kind::kScalar: out += value.quoted ? "\"" + value.text + "\"" : value.text; break;
    case Value::Kind::kList: {
      const char* separator = "[";
      for (const Value& item : value.items) {
        out += separator;
        append_flow(item, out);
        separator = ", ";
      }
      out += value.items.empty() ? "[]" : "]";
      break;
    }
    case Value::Kind::kMap: {
      const char* separator = "{";
      for (const auto& [key, member] : value.entries) {
        out += separator + key.text + ": ";
        append_flow(member, out);
        separator = ", ";
      }
      out += value.entries.empty() ? "{}" : "}";
      break;
    }
  }
}

bool is_map_of_constraints(const Value& value, Field field, std::string_view names, Findings& findings) {
  if (value.is_map() && !value.entries.empty()) return true;
  findings.error(
      value.at, "bad-constraint",
      std::string(to_text(field)) + ": expected a map from " + std::string(names) + " to constraints");
  return false;
}

}  // namespace

std::optional<Constraint> read_constraint(const Value& value, std::string_view what, Findings& findings) {
  std::optional<Constraint> constraint;
  switch (value.kind) {
    case Value::Kind::kNull:
      findings.error(value.at, "bad-constraint",
                     std::string(what) + ": the constraint says nothing, write {const: null} for null");
      break;
    case Value::Kind::kScalar:
      if (auto literal = read_literal(value, what, findings))
        constraint.emplace().allowed.push_back(*std::move(literal));
      break;
    case Value::Kind::kList:
      if (value.items.empty()) {
        findings.error(value.at, "bad-constraint",
                       std::string(what) + ": an empty list allows nothing, give at least one value");
        break;
      }
      constraint.emplace();
      for (const Value& item : value.items) {
        if (auto literal = read_literal(item, what, findings))
          constraint->allowed.push_back(*std::move(literal));
      }
      break;
    case Value::Kind::kMap: constraint = read_keywords(value, what, findings); break;
  }
  if (constraint) constraint->text = flow_text(value);
  return constraint;
}

std::vector<NamedConstraint> read_named_constraints(const Value& value, Field field, Findings& findings) {
  std::vector<NamedConstraint> constraints;
  if (!is_map_of_constraints(value, field, "names", findings)) return constraints;
  for (const auto& [key, constraint_value] : value.entries) {
    const auto folded = fold_case(key.text);
    if (!folded || key.text.empty() || (field == Field::kHeader && !is_token(key.text))) {
      findings.error(key.at, "bad-name",
                     std::string(to_text(field)) + ": \"" + key.text + "\" is not a name");
      continue;
    }
    const std::string what = std::string(to_text(field)) + " " + key.text;
    auto constraint = read_constraint(constraint_value, what, findings);
    if (constraint) constraints.push_back({key.text, *folded, *std::move(constraint), key.at});
  }
  return constraints;
}

std::vector<BodyConstraint> read_body_constraints(const Value& value, Findings& findings) {
  std::vector<BodyConstraint> constraints;
  if (!is_map_of_constraints(value, Field::kBody, "JSON Pointers", findings)) return constraints;
  for (const auto& [key, constraint_value] : value.entries) {
    auto pointer = JsonPointer::parse(key.text, false);
    auto folded_pointer = JsonPointer::parse(key.text, true);
    auto constraint = read_constraint(constraint_value, "body " + key.text, findings);
    if (!pointer || !folded_pointer) {
      const Error& error = pointer ? folded_pointer.error() : pointer.error();
      findings.error(key.at, "bad-pointer",
                     "body: \"" + key.text + "\" is not a JSON Pointer such as /a/*/b: " + error.message);
      continue;
    }
    if (constraint) {
      constraints.push_back({*std::move(pointer), *std::move(folded_pointer), *std::move(constraint)});
    }
  }
  return constraints;
}

std::string flow_text(const Value& value) {
  std::string text;
  append_flow(value, text);
  if (text.size() > kLongestFlowText) {
    size_t end = kLongestFlowText;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
      --end;  // not inside a character
    text.resize(end);
    text += "...";
  }
  return text;
}

}  // namespace sluice
