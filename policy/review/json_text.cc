#include "policy/review/json_text.h"

#include <nlohmann/json.hpp>

#include "policy/json_number.h"

namespace sluice {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string scalar_text(const Value& value) {
  const bool plain =
      !value.quoted && (value.text == "true" || value.text == "false" || read_json_number(value.text));
  return plain ? value.text : quoted(value.text);
}

}  // namespace

std::string json_text(const Value& value) {
  if (value.is_scalar()) return scalar_text(value);
  std::string text;
  if (value.is_list()) {
    for (const Value& item : value.items) text += (text.empty() ? "" : ",") + json_text(item);
    return "[" + text + "]";
  }
  if (value.is_map()) {
    for (const auto& [key, member] : value.entries) {
      text += (text.empty() ? "" : ",") + quoted(key.text) + ":" + json_text(member);
    }
    return "{" + text + "}";
  }
  return "null";
}

}  // namespace sluice
