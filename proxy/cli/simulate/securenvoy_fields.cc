#include "proxy/cli/simulate/securenvoy_fields.h"

#include <algorithm>

#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr Field kUserTable[] = {{"username", FieldType::kText},
                                {"email", FieldType::kText},
                                {"firstName", FieldType::kText},
                                {"middleName", FieldType::kText},
                                {"lastName", FieldType::kText},
                                {"userType", FieldType::kText},
                                {"phone", FieldType::kText},
                                {"mobile", FieldType::kText},
                                {"fax", FieldType::kText},
                                {"streetAddress", FieldType::kText},
                                {"city", FieldType::kText},
                                {"postalCode", FieldType::kText},
                                {"poBox", FieldType::kText},
                                {"state", FieldType::kText},
                                {"employeeNumber", FieldType::kText},
                                {"department", FieldType::kText},
                                {"jobTitle", FieldType::kText},
                                {"employmentType", FieldType::kText},
                                {"country", FieldType::kText},
                                {"isLocked", FieldType::kBoolean},
                                {"isEnabled", FieldType::kBoolean},
                                {"aliases", FieldType::kTexts},
                                {"customAttributes", FieldType::kObjects}};
constexpr Field kPassword[] = {{"autoGeneratePassword", FieldType::kBoolean},
                               {"password", FieldType::kText},
                               {"mustChangePasswordOnLogon", FieldType::kBoolean},
                               {"sendEmail", FieldType::kBoolean}};
constexpr Field kGroup[] = {{"name", FieldType::kText},
                            {"description", FieldType::kText},
                            {"enforceSecondFactor", FieldType::kBoolean}};
constexpr Field kFactors[] = {
    {"id", FieldType::kText}, {"firstFactor", FieldType::kObject}, {"secondFactor", FieldType::kObject}};
constexpr Field kFactor[] = {
    {"type", FieldType::kText}, {"data", FieldType::kObject}, {"remove", FieldType::kBoolean}};

bool has_type(const Json& value, FieldType type) {
  const auto every = [&value](auto predicate) {
    return value.is_array() && std::all_of(value.begin(), value.end(), predicate);
  };
  switch (type) {
    case FieldType::kText: return value.is_string();
    case FieldType::kBoolean: return value.is_boolean();
    case FieldType::kObject: return value.is_object();
    case FieldType::kTexts: return every([](const Json& item) { return item.is_string(); });
    case FieldType::kObjects: return every([](const Json& item) { return item.is_object(); });
  }
  return false;
}

}  // namespace

const std::span<const Field> kUserFields(kUserTable);
const std::span<const Field> kPasswordFields(kPassword);
const std::span<const Field> kGroupFields(kGroup);
const std::span<const Field> kFactorsFields(kFactors);
const std::span<const Field> kFactorFields(kFactor);

Result<Json> read_fields(const std::optional<Json>& body, std::span<const Field> fields) {
  if (!body || !body->is_object()) return Error{"the body has to be an object"};
  Json known = Json::object();
  for (const auto& [key, value] : body->items()) {
    const auto field =
        std::find_if(fields.begin(), fields.end(),
                     [folded = fold_case(key)](const Field& each) { return fold_case(each.name) == folded; });
    if (field == fields.end() || value.is_null()) continue;
    if (!has_type(value, field->type)) return Error{std::string(field->name) + " has the wrong type"};
    known[field->name] = value;
  }
  return known;
}

Result<std::vector<std::string>> read_ids(std::string_view body) {
  const std::optional<Json> list = parse_json(body);
  if (!list || !list->is_array() || list->empty()) return Error{"the body has to be a list of ids"};
  std::vector<std::string> ids;
  for (const Json& item : *list) {
    if (!item.is_string()) return Error{"the body has to be a list of ids"};
    ids.push_back(item.get<std::string>());
  }
  return ids;
}

}  // namespace sluice
