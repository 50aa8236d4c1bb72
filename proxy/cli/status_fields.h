// status_fields: reads a JSON document that may hold anything: what is missing or of another type is nothing.
// Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace sluice {

using Json = nlohmann::ordered_json;

// The member, or a null that outlives all.
const Json& field(const Json& object, const char* name);
// Not below 0, and at most 1e15.
std::optional<double> number_of(const Json& object, const char* name);
std::string text_of(const Json& object, const char* name);
bool is_true(const Json& object, const char* name);
// The member if it is an array, else an empty one.
const Json& list_of(const Json& object, const char* name);

// "-" for nothing, "71 %", "7.1", "12,345", "2.7 s", "5 min".
std::string percent_text(std::optional<double> share);
std::string decimal_text(std::optional<double> value);
std::string count_text(std::optional<double> value);
std::string seconds_text(std::optional<double> value);

}  // namespace sluice
