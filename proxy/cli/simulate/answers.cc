#include "proxy/cli/simulate/answers.h"

namespace sluice {

HttpResponse answer_json(int status, const Json& body) {
  return {status,
          {{"Content-Type", "application/json"}},
          body.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace)};
}

HttpResponse no_such(std::string_view kind) { return answer_message(404, std::string(kind) + " not found"); }

HttpResponse answer_message(int status, std::string_view message) {
  return answer_json(status, {{"message", std::string(message)}});
}

std::optional<Json> parse_json(std::string_view text) {
  Json parsed = Json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

std::string text_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace sluice
