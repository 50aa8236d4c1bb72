#include "proxy/http/retry_after.h"

#include <algorithm>
#include <ctime>
#include <string>

namespace sluice {
namespace {

constexpr int64_t kLongestWait = 24 * 3600;  // seconds

// Unix time. Whole seconds: a system_clock time point cannot hold the year 9999.
std::optional<int64_t> parse_http_date(const std::string& text) {
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    return timegm(&parts);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Millis> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  if (value.empty()) return std::nullopt;
  if (std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    int64_t seconds = 0;
    for (const char c : value) seconds = std::min(seconds * 10 + (c - '0'), kLongestWait);
    return std::chrono::seconds(seconds);
  }
  const std::optional<int64_t> date = parse_http_date(std::string(value));
  if (!date) return std::nullopt;
  // The present second counts whole: never before the time that was named.
  const int64_t today = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  return std::chrono::seconds(std::clamp<int64_t>(*date - today, 0, kLongestWait));
}

}  // namespace sluice
