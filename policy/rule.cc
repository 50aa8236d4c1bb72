#include "policy/rule.h"

namespace sluice {

std::string_view to_text(Effect effect) {
  switch (effect) {
    case Effect::kAllow: return "allow";
    case Effect::kDeny: return "deny";
    case Effect::kRequire: return "require";
  }
  return "";
}

std::string_view to_text(Mode mode) {
  switch (mode) {
    case Mode::kEnforce: return "enforce";
    case Mode::kShadow: return "shadow";
  }
  return "";
}

std::string_view to_text(Field field) {
  constexpr std::array<std::string_view, kFieldCount> kNames{
      "client", "group", "api",   "operation", "access", "tag",  "method", "source",
      "time",   "path",  "param", "query",     "header", "body", "not"};
  return field == Field::kNone ? "" : kNames[static_cast<size_t>(field)];
}

}  // namespace sluice
