// TimeZone: reads TZif (RFC 8536). libstdc++ 12 has no tz database of its own, and setting the process's TZ
// would not do: a policy may name several zones.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "config/ascii.h"
#include "config/map_reader.h"
#include "config/yaml_reader.h"
#include "policy/time_window.h"

namespace sluice {
namespace {

constexpr int kLastYear = 2500;
constexpr int64_t kSecondsPerDay = 24 * 3600;
constexpr size_t kLargestFile = 1024 * 1024;

// Reads big-endian numbers from the front of a text. After the end it fails for good and reads zeros.
class Input {
 public:
  explicit Input(std::string_view text) : rest_(text) {}

  std::string_view take(size_t count) {
    if (count > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  int64_t number(size_t octets) {
    uint64_t value = 0;
    const std::string_view taken = take(octets);
    for (char c : taken) value = value << 8 | static_cast<unsigned char>(c);
    if (octets == 4) return static_cast<int32_t>(static_cast<uint32_t>(value));
    return static_cast<int64_t>(value);
  }
  bool failed() const { return failed_; }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

struct Header {
  bool known = false;
  size_t ut_count = 0, standard_count = 0, leap_count = 0, time_count = 0, type_count = 0, name_octets = 0;
};

Header read_header(Input& input) {
  Header header;
  const bool magic = input.take(4) == "TZif";
  const std::string_view version = input.take(1);
  input.take(15);
  for (size_t* count : {&header.ut_count, &header.standard_count, &header.leap_count, &header.time_count,
                        &header.type_count, &header.name_octets}) {
    *count = static_cast<size_t>(static_cast<uint32_t>(input.number(4)));
  }
  header.known = magic && !version.empty() && version[0] >= '2' && !input.failed();
  return header;
}

// Days since 1970-01-01 (Howard Hinnant's civil calendar arithmetic).
int64_t days_from_civil(int year, int month, int day) {
  const int shifted = month <= 2 ? year - 1 : year;
  const int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  const int year_of_era = shifted - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return int64_t{era} * 146097 + day_of_era - 719468;
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

// The rule for the future at the end of a TZif file: a POSIX TZ text such as GMT0BST,M3.5.0/1,M10.5.0.
class FutureRule {
 public:
  static std::optional<FutureRule> parse(std::string_view text) {
    FutureRule rule;
    rule.rest_ = text;
    if (!rule.skip_name() || !rule.read_offset(rule.standard_)) return std::nullopt;
    if (rule.rest_.empty()) return rule;
    rule.has_summer_ = true;
    rule.summer_ = rule.standard_ + 3600;
    if (!rule.skip_name()) return std::nullopt;
    if (!rule.rest_.empty() && rule.rest_[0] != ',' && !rule.read_offset(rule.summer_)) return std::nullopt;
    if (!rule.read_date(rule.start_) || !rule.read_date(rule.end_) || !rule.rest_.empty())
      return std::nullopt;
    return rule;
  }

  bool has_summer() const { return has_summer_; }
  int32_t standard() const { return standard_; }
  int32_t summer() const { return summer_; }
  int64_t summer_starts(int year) const { return instant(start_, year) - standard_; }
  int64_t summer_ends(int year) const { return instant(end_, year) - summer_; }

 private:
  struct Date {
    char kind = 'M';  // M: month, week and day; J: day 1 to 365 without 29 February; 0: day 0 to 365
    int month = 0, week = 0, day = 0;
    int32_t time = 2 * 3600;
  };

  bool skip_name() {
    size_t end = 0;
    if (!rest_.empty() && rest_[0] == '<') {
      end = rest_.find('>');
      if (end == std::string_view::npos) return false;
      ++end;
    } else {
      while (end < rest_.size() && is_letter(rest_[end])) ++end;
    }
    rest_.remove_prefix(end);
    return end >= 3;
  }

  bool read_number(int& out, int highest) {
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
    if (problem != std::errc() || out < 0 || out > highest) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return true;
  }

  bool skip(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // [+-]hh[:mm[:ss]] in seconds.
  bool read_time(int32_t& out) {
    const bool negative = skip('-');
    if (!negative) skip('+');
    int hours = 0, minutes = 0, seconds = 0;
    if (!read_number(hours, 167)) return false;
    if (skip(':') && !read_number(minutes, 59)) return false;
    if (skip(':') && !read_number(seconds, 59)) return false;
    out = (hours * 3600 + minutes * 60 + seconds) * (negative ? -1 : 1);
    return true;
  }

  // POSIX counts offsets west of Greenwich.
  bool read_offset(int32_t& out) {
    if (!read_time(out)) return false;
    out = -out;
    return true;
  }

  bool read_date(Date& date) {
    if (!skip(',')) return false;
    if (skip('M')) {
      const bool read = read_number(date.month, 12) && skip('.') && read_number(date.week, 5) && skip('.') &&
                        read_number(date.day, 6);
      if (!read || date.month < 1 || date.week < 1) return false;
    } else {
      date.kind = skip('J') ? 'J' : '0';
      if (!read_number(date.day, 365) || (date.kind == 'J' && date.day < 1)) return false;
    }
    return !skip('/') || read_time(date.time);
  }

  // Local seconds since 1970 of a date in a year.
  static int64_t instant(const Date& date, int year) {
    const int64_t january = days_from_civil(year, 1, 1);
    if (date.kind == '0') return (january + date.day) * kSecondsPerDay + date.time;
    if (date.kind == 'J') {
      const int leap_day = is_leap(year) && date.day >= 60 ? 1 : 0;
      return (january + date.day - 1 + leap_day) * kSecondsPerDay + date.time;
    }
    const int64_t first = days_from_civil(year, date.month, 1);
    const int64_t next =
        date.month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, date.month + 1, 1);
    const int64_t weekday = ((first + 4) % 7 + 7) % 7;  // Sunday is 0; 1970-01-01 was a Thursday
    int64_t day = first + (date.day - weekday + 7) % 7 + int64_t{7} * (date.week - 1);
    while (day >= next) day -= 7;  // week 5 is the last one
    return day * kSecondsPerDay + date.time;
  }

  std::string_view rest_;
  int32_t standard_ = 0;
  int32_t summer_ = 0;
  bool has_summer_ = false;
  Date start_, end_;
};

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  char before = '/';
  for (char c : name) {
    const bool plain = is_alphanumeric(c) || c == '_' || c == '+' || c == '-';
    if (!plain && (c != '/' || before == '/')) return false;
    before = c;
  }
  // Not zones but copies of the database, and this machine's own settings.
  for (std::string_view not_iana : {"posix/", "right/"}) {
    if (name.substr(0, not_iana.size()) == not_iana) return false;
  }
  return before != '/' && name != "localtime" && name != "posixrules";
}

Error unknown_zone(std::string_view name, std::string_view folder) {
  std::vector<std::string> known{"UTC"};
  std::error_code problem;
  for (std::filesystem::recursive_directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    std::string candidate = entry->path().lexically_relative(folder).string();
    if (is_zone_name(candidate) && entry->is_regular_file(problem)) known.push_back(std::move(candidate));
  }
  std::sort(known.begin(), known.end());
  std::string message = "zone: unknown time zone \"" + std::string(name) + "\"" + suggestion(name, known);
  if (known.size() == 1) return {message + ", and there is no tz database on this machine: install tzdata"};
  if (message.back() != '?') message += ", expected an IANA name such as Europe/London";
  return {message};
}

}  // namespace

Result<std::shared_ptr<const TimeZone>> TimeZone::load(std::string_view name, std::string_view folder) {
  if (name == "UTC") return std::shared_ptr<const TimeZone>(std::make_shared<TimeZone>());
  if (!is_zone_name(name)) return unknown_zone(name, folder);
  const Result<std::string> text = read_file(std::string(folder) + "/" + std::string(name), kLargestFile);
  if (!text || text->substr(0, 4) != "TZif") return unknown_zone(name, folder);
  auto zone = parse(*text);
  if (!zone) return Error{"zone: " + std::string(name) + ": " + zone.error().message};
  return zone;
}

Result<std::shared_ptr<const TimeZone>> TimeZone::parse(std::string_view tzif) {
  const Error damaged{"the tz database's file is damaged or older than version 2"};
  Input input(tzif);
  const Header old = read_header(input);
  if (!old.known) return damaged;
  input.take(old.time_count * 5 + old.type_count * 6 + old.name_octets + old.leap_count * 8 +
             old.standard_count + old.ut_count);
  const Header header = read_header(input);
  if (!header.known || header.leap_count != 0 || header.type_count == 0) return damaged;
  Input times(input.take(header.time_count * 8));
  const std::string_view types = input.take(header.time_count);
  Input offsets(input.take(header.type_count * 6));
  input.take(header.name_octets + header.standard_count + header.ut_count);
  if (input.failed()) return damaged;

  std::vector<int32_t> type_offsets;
  for (size_t type = 0; type < header.type_count; ++type) {
    type_offsets.push_back(static_cast<int32_t>(offsets.number(4)));
    offsets.take(2);
  }
  auto zone = std::make_shared<TimeZone>();
  zone->first_offset_ = type_offsets[0];
  for (char type : types) {
    const auto index = static_cast<unsigned char>(type);
    if (index >= type_offsets.size()) return damaged;
    const int64_t from = times.number(8);
    if (!zone->changes_.empty() && from <= zone->changes_.back().from) return damaged;
    zone->changes_.push_back({from, type_offsets[index]});
  }

  std::string_view footer = input.rest();
  if (footer.size() < 2 || footer.front() != '\n' || footer.back() != '\n') return damaged;
  footer = footer.substr(1, footer.size() - 2);
  if (footer.empty()) return std::shared_ptr<const TimeZone>(zone);
  const auto rule = FutureRule::parse(footer);
  if (!rule) return damaged;
  const int64_t known_until = zone->changes_.empty() ? INT64_MIN : zone->changes_.back().from;
  if (!rule->has_summer()) {
    if (zone->changes_.empty()) zone->first_offset_ = rule->standard();
    return std::shared_ptr<const TimeZone>(zone);
  }
  for (int year = 1970; year <= kLastYear; ++year) {
    const Change spring{rule->summer_starts(year), rule->summer()};
    const Change autumn{rule->summer_ends(year), rule->standard()};
    if (spring.from > known_until) zone->changes_.push_back(spring);
    if (autumn.from > known_until) zone->changes_.push_back(autumn);
  }
  std::stable_sort(zone->changes_.begin(), zone->changes_.end(),
                   [](const Change& a, const Change& b) { return a.from < b.from; });
  return std::shared_ptr<const TimeZone>(zone);
}

int32_t TimeZone::offset_at(int64_t unix_seconds) const {
  const auto next =
      std::upper_bound(changes_.begin(), changes_.end(), unix_seconds,
                       [](int64_t instant, const Change& change) { return instant < change.from; });
  return next == changes_.begin() ? first_offset_ : std::prev(next)->offset;
}

}  // namespace sluice
