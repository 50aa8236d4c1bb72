// methods: which methods the gate serves. A request of another is refused before any rule is asked; the
// proxy's parser and all that speaks of a policy ask here. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "policy/decision.h"

namespace sluice {

enum class MethodStanding : uint8_t { kServed, kNotAllowed, kUnknown };

MethodStanding standing_of(std::string_view method);
// What a caller is told of a method that is not served.
std::string_view to_text(MethodStanding standing);
// nullopt for a method that is served.
std::optional<Refusal> refuse_method(std::string_view method);

std::span<const std::string_view> served_methods();

}  // namespace sluice
