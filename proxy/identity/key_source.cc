#include "proxy/identity/key_source.h"

#include <algorithm>
#include <charconv>

#include "config/ascii.h"
#include "proxy/identity/key_file.h"
#include "proxy/identity/key_url.h"

namespace sluice {

namespace {

// Of "max-age=300", also in quotes. nullopt: another directive.
std::optional<int64_t> max_age_of(std::string_view directive) {
  constexpr std::string_view kName = "max-age=";
  if (directive.size() <= kName.size() || !equals_ignoring_case(directive.substr(0, kName.size()), kName))
    return std::nullopt;
  directive.remove_prefix(kName.size());
  if (directive.size() > 2 && directive.front() == '"' && directive.back() == '"')
    directive = directive.substr(1, directive.size() - 2);
  if (!is_digits(directive)) return std::nullopt;
  constexpr size_t kMostDigits = 9;
  if (directive.size() > kMostDigits) directive = "999999999";
  int64_t seconds = 0;
  std::from_chars(directive.data(), directive.data() + directive.size(), seconds);
  return seconds;
}

}  // namespace

Millis refresh_after(const std::vector<std::pair<std::string, std::string>>& headers, const KeyTimes& times) {
  Millis after = times.usual;
  for (const auto& [name, value] : headers) {
    if (name != "cache-control") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view directive = trim(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (equals_ignoring_case(directive, "no-store") || equals_ignoring_case(directive, "no-cache"))
        return times.shortest;
      if (const auto seconds = max_age_of(directive)) after = *seconds * kSecond;
    }
  }
  return std::clamp(after, times.shortest, times.longest);
}

Result<std::unique_ptr<KeySource>> make_key_source(const JwtConfig& issuer, EventLoop& loop,
                                                   Resolver& resolver, KeySourceOwner& owner,
                                                   const KeyTimes& times) {
  return issuer.jwks.url ? make_key_url(issuer, loop, resolver, owner, times)
                         : make_key_file(issuer, loop, owner);
}

}  // namespace sluice
