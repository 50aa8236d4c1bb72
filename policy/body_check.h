// body_check: whether a body is what the policy can judge: one JSON text, declared as such, and fitting the
// catalogue's schema. Pure; any thread; linear in the body. Messages name places, never values.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "policy/catalogue/catalogue.h"
#include "policy/decision.h"
#include "policy/json_view.h"
#include "policy/request_view.h"

namespace sluice {

struct BodyReading {
  std::optional<Refusal> refusal;  // 415 or 400
  std::optional<JsonValue> value;  // absent for an empty body
};

// `fold`: object keys are folded.
BodyReading read_body(std::span<const HeaderView> headers, std::string_view body, bool fold);

// The operation's schema. `value` is nullptr when there is no body.
std::optional<Refusal> check_schema(const Operation& operation, const JsonValue* value);

// The tags of the members that the body carries, null included. Appends; may repeat.
void collect_tags(const BodySchema& schema, const JsonValue& value, std::vector<std::string_view>& tags);
// Whether any member is tagged as a credential.
bool may_hold_credential(const BodySchema& schema);

constexpr std::string_view kCredentialTag = "credential-write";

}  // namespace sluice
