// answers: JSON in and out of the simulators. Thread: any.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/http/http_server.h"

namespace sluice {

using Json = nlohmann::ordered_json;

HttpResponse answer_json(int status, const Json& body);
HttpResponse answer_message(int status, std::string_view message);  // {"message": ...}
HttpResponse no_such(std::string_view kind);                        // 404

// nullopt for what is not one JSON text, or not UTF-8.
std::optional<Json> parse_json(std::string_view text);
// The text of a member, or "" when it is absent or no text.
std::string text_member(const Json& object, const char* name);

}  // namespace sluice
