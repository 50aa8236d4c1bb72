#include "proxy/pacing/feedback.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>

#include "config/ascii.h"

namespace sluice {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

constexpr Millis kShortest{1'000};
constexpr Millis kLongest{300'000};
constexpr size_t kLongestText = 64;  // a date in its longest form has 33 characters

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<seconds> parse_delay(std::string_view text) {
  if (!is_digits(text)) return std::nullopt;
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) return std::chrono::duration_cast<seconds>(kLongest);  // more digits than fit
  return seconds(std::min<int64_t>(count, kLongest.count()));
}

// The three forms that RFC 9110 5.6.7 obliges a reader to understand.
std::optional<std::chrono::sys_time<Millis>> parse_http_date(std::string_view text) {
  const std::string date(text);
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    tm parts{};
    const char* end = strptime(date.c_str(), form, &parts);
    if (end != nullptr && end == date.c_str() + date.size())
      return std::chrono::sys_time<Millis>(seconds(timegm(&parts)));
  }
  return std::nullopt;
}

}  // namespace

Millis retry_pause(std::string_view retry_after, system_clock::time_point now) {
  const std::string_view text = trimmed(retry_after);
  if (text.size() > kLongestText) return kShortest;
  if (const auto delay = parse_delay(text)) return std::clamp<Millis>(*delay, kShortest, kLongest);
  const auto date = parse_http_date(text);
  if (!date) return kShortest;
  return std::clamp(*date - std::chrono::floor<Millis>(now), kShortest, kLongest);
}

}  // namespace sluice
