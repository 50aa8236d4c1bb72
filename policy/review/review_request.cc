#include "policy/review/review_request.h"

#include <algorithm>

#include "config/ascii.h"

namespace sluice {
namespace {

// The number of `count` digits at `place`, or nullopt.
std::optional<int> digits(std::string_view text, size_t place, size_t count) {
  if (place + count > text.size()) return std::nullopt;
  int number = 0;
  for (char c : text.substr(place, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

// "Z", "+01:00" or "-08:30" in minutes east of UTC.
std::optional<int> read_zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = digits(text, 1, 2);
  const auto minutes = digits(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (*hours * 60 + *minutes) * (text[0] == '-' ? -1 : 1);
}

}  // namespace

std::optional<size_t> find_client(const Config& config, std::string_view name) {
  for (size_t client = 0; client < config.clients.size(); ++client) {
    if (config.clients[client].name == name) return client;
  }
  return std::nullopt;
}

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  const bool formed = year && month && day && hour && minute && second && text[4] == '-' && text[7] == '-' &&
                      (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' &&
                      text[16] == ':';
  if (!formed || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::string_view rest = text.substr(19);
  std::chrono::nanoseconds fraction{0};
  if (!rest.empty() && rest[0] == '.') {
    size_t end = 1;
    for (int64_t unit = 100'000'000; end < rest.size() && is_digit(rest[end]); unit /= 10, ++end) {
      fraction += std::chrono::nanoseconds((rest[end] - '0') * unit);
    }
    if (end == 1) return std::nullopt;
    rest.remove_prefix(end);
  }
  const auto zone = read_zone(rest);
  if (!zone) return std::nullopt;
  const auto instant = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                       std::chrono::minutes(*minute - *zone) + std::chrono::seconds(*second) + fraction;
  return std::chrono::time_point_cast<std::chrono::system_clock::duration>(instant);
}

RequestView view_of(const ReviewRequest& request, std::vector<HeaderView>& headers) {
  bool has_content_type = false;
  headers.clear();
  for (const auto& [name, value] : request.headers) {
    headers.push_back({name, value});
    has_content_type = has_content_type || equals_ignoring_case(name, "content-type");
  }
  if (!request.body.empty() && !has_content_type) headers.push_back({"Content-Type", "application/json"});
  RequestView view;
  view.api = request.api.value_or(0);
  view.client = request.client;
  view.method = request.method;
  view.path = request.path;
  view.query = request.query;
  view.headers = headers;
  view.source = request.source;
  view.at = request.at;
  return view;
}

Decision decide(const Engine& engine, const ReviewRequest& request) {
  if (!request.api) {
    Decision decision;
    decision.outcome = Outcome::kRefuse;
    decision.refusal = no_api_refusal();
    return decision;
  }
  std::vector<HeaderView> headers;
  const RequestView view = view_of(request, headers);
  const Target target = engine.resolve(view);
  if (!engine.needs_body(target, view)) return engine.decide(target, view, std::nullopt);
  return engine.decide(target, view, request.body);
}

Refusal no_api_refusal() {
  return {404, "unknown-api", "neither the host nor the first segment of the path names an API"};
}

}  // namespace sluice
