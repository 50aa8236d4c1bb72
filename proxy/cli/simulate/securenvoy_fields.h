// securenvoy_fields: bodies of a simulated SecurEnvoy tenant. Member names are compared without case; unknown
// members and null are passed over; a wrong type is refused. Thread: any.
#pragma once

#include <span>
#include <string_view>

#include "config/result.h"
#include "proxy/cli/simulate/answers.h"

namespace sluice {

enum class FieldType { kText, kBoolean, kTexts, kObject, kObjects };

struct Field {
  const char* name;
  FieldType type;
};

extern const std::span<const Field> kUserFields;      // what a user keeps; no password
extern const std::span<const Field> kPasswordFields;  // what sets a password
extern const std::span<const Field> kGroupFields;
extern const std::span<const Field> kFactorsFields;
extern const std::span<const Field> kFactorFields;

// The known members of an object under their own names. Fails when the text is no object or a type is wrong.
Result<Json> read_fields(const std::optional<Json>& body, std::span<const Field> fields);
// A list of ids, each once. Fails for anything else, and for an empty list.
Result<std::vector<std::string>> read_ids(std::string_view body);

}  // namespace sluice
