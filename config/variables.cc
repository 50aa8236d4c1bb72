#include "config/variables.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "config/ascii.h"
#include "config/text_check.h"

namespace sluice {
namespace {

using Path = std::vector<std::string_view>;

// Where secrets stand. "*" is any key, "[]" any item of a list.
const std::array<Path, 11> kSecretPlaces = {{
    {"apis", "*", "credential", "read"},
    {"apis", "*", "credential", "full"},
    {"clients", "*", "token"},
    {"audit", "webhooks", "[]", "secret"},
    {"audit", "webhooks", "[]", "headers"},
    {"audit", "capture_salt"},
    {"audit", "checkpoint_key"},
    {"rate_limit_store", "password"},
    {"sealed_keys", "master"},
    {"vault", "token"},
    {"tracing", "headers"},
}};

bool is_secret_place(const Path& path) {
  return std::any_of(kSecretPlaces.begin(), kSecretPlaces.end(), [&path](const Path& place) {
    return std::equal(
        place.begin(), place.end(), path.begin(), path.end(),
        [](std::string_view want, std::string_view have) { return want == "*" || want == have; });
  });
}

// nullopt when a variable is malformed or unset: reported.
std::optional<std::string> replaced(const Value& scalar, Findings& findings) {
  std::string out;
  std::string_view rest = scalar.text;
  for (size_t start = rest.find("${"); start != std::string_view::npos; start = rest.find("${")) {
    const size_t end = rest.find('}', start);
    const size_t length = end == std::string_view::npos ? 0 : end - start - 2;
    const std::string name(rest.substr(start + 2, length));
    if (!is_variable_name(name)) {
      findings.error(scalar.at, "bad-variable", "expected ${NAME} with a name of letters, digits and _");
      return std::nullopt;
    }
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) {
      findings.error(scalar.at, "unset-variable", "environment variable " + name + " is not set");
      return std::nullopt;
    }
    if (find_unreadable(value)) {
      findings.error(scalar.at, "bad-variable",
                     "environment variable " + name + " holds control characters or is not UTF-8");
      return std::nullopt;
    }
    out += rest.substr(0, start);
    out += value;
    rest.remove_prefix(end + 1);
  }
  out += rest;
  return out;
}

void replace_in(Value& value, Path& path, Findings& findings) {
  if (is_secret_place(path)) return;
  if (value.is_scalar() && value.text.find("${") != std::string::npos) {
    auto text = replaced(value, findings);
    if (!text) {
      value.kind = Value::Kind::kNull;
      value.reported = true;
      return;
    }
    value.text = std::move(*text);
    value.quoted = false;  // "${N}" in quotes is the only way to write a number within braces
  }
  for (Value& item : value.items) {
    path.emplace_back("[]");
    replace_in(item, path, findings);
    path.pop_back();
  }
  for (auto& [key, entry] : value.entries) {
    path.emplace_back(key.text);
    replace_in(entry, path, findings);
    path.pop_back();
  }
}

}  // namespace

bool is_variable_name(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '_'; });
}

void replace_variables(Value& configuration, Findings& findings) {
  Path path;
  replace_in(configuration, path, findings);
}

}  // namespace sluice
