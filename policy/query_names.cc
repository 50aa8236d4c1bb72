#include "policy/query_names.h"

#include <algorithm>
#include <array>

#include "config/ascii.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 6> kOverrides{"-method",           "x-http-method",
                                                     "x-http-override",   "http-method-override",
                                                     "x-method-override", "x-http-method-override"};

// What may be a part of a longer name: anything else ends one.
bool is_of_a_name(char c) {
  return is_alphanumeric(c) || c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

bool equals_as_header(std::string_view name, std::string_view known) {
  return name.size() == known.size() &&
         std::equal(name.begin(), name.end(), known.begin(),
                    [](char a, char b) { return (a == '_' ? '-' : to_lower(a)) == b; });
}

}  // namespace

bool may_mean(std::string_view name, std::string_view wanted) {
  if (wanted.empty() || name.size() < wanted.size()) return false;
  const size_t last = name.size() - wanted.size();
  for (size_t at = name.find(wanted); at <= last; at = name.find(wanted, at + 1)) {
    if (at > 0 && is_of_a_name(name[at - 1])) continue;
    if (at == last || !is_of_a_name(name[at + wanted.size()])) return true;
  }
  return false;
}

bool names_method_override(std::string_view name) {
  constexpr std::string_view kFirst = "_-xXhH";
  if (name.empty() || kFirst.find(name.front()) == std::string_view::npos) return false;
  return std::any_of(kOverrides.begin(), kOverrides.end(),
                     [name](std::string_view known) { return equals_as_header(name, known); });
}

}  // namespace sluice
