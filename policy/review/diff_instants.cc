#include "policy/review/diff_instants.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

namespace sluice {
namespace {

constexpr int64_t kDay = 24 * 3600;
constexpr int64_t kWeek = 7 * kDay;
// Looked at for every combination of the zones' offsets that occurs: this century, from a recent day on.
constexpr int64_t kFirstDay = 1'767'571'200;  // 2026-01-05T00:00:00Z, a Monday
constexpr int64_t kLastDay = kFirstDay + 74 * 365 * kDay;
constexpr int64_t kOldestDay = 946'684'800;  // 2000-01-01T00:00:00Z

using Offsets = std::vector<int32_t>;

Instant instant_of(int64_t seconds) { return Instant(std::chrono::seconds(seconds)); }

struct Run {
  int64_t from = 0, until = 0;  // days on which the offsets stay
};

// For every combination of offsets, its first run of a week or more, else its longest.
class OffsetRuns {
 public:
  explicit OffsetRuns(const std::vector<const TimeZone*>& zones) {
    scan(zones, kFirstDay, kLastDay);
    scan(zones, kOldestDay, kFirstDay);
  }
  const std::map<Offsets, Run>& all() const { return runs_; }

 private:
  void scan(const std::vector<const TimeZone*>& zones, int64_t from, int64_t until) {
    Offsets current;
    Run run{from, from};
    for (int64_t day = from; day <= until; day += kDay) {
      Offsets offsets;
      for (const TimeZone* zone : zones) offsets.push_back(zone == nullptr ? 0 : zone->offset_at(day));
      if (day != from && offsets != current) {
        keep(current, {run.from, day - kDay});
        run.from = day;
      }
      current = std::move(offsets);
    }
    keep(current, {run.from, until});
  }
  void keep(const Offsets& offsets, const Run& run) {
    Run& known = runs_[offsets];
    if (known.until - known.from < kWeek && run.until - run.from > known.until - known.from) known = run;
  }

  std::map<Offsets, Run> runs_;
};

// Every second of a week at which a window may begin or end, on the clock of its zone.
std::set<int64_t> edges_of(const TimeWindow& window) {
  std::set<int64_t> edges;
  for (int64_t day = 0; day < 7; ++day) {
    edges.insert(day * kDay);
    for (const TimeWindow::Hours& hours : window.hours) {
      for (int minute : {hours.start, hours.end}) edges.insert((day * kDay + minute * 60) % kWeek);
    }
  }
  return edges;
}

// The zones' whole weeks begin on Mondays; 1970-01-05 was one.
int64_t week_of(int64_t local) { return (local - 4 * kDay) / kWeek * kWeek + 4 * kDay; }

IpAddress next_after(const Cidr& network) {
  IpAddress last = network.network;
  for (int bit = network.bits; bit < 128; ++bit)
    last.octets[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80U >> (bit % 8));
  for (size_t i = 16; i-- > 0 && ++last.octets[i] == 0;) {
  }
  return last;
}

IpAddress second_of(const Cidr& network) {
  IpAddress address = network.network;
  if (network.bits < 127) address.octets[15] |= 1;
  return address;
}

}  // namespace

InstantWitnesses find_instants(const std::vector<const TimeWindow*>& windows) {
  InstantWitnesses found;
  std::set<std::vector<bool>> seen;
  const auto consider = [&found, &seen, &windows](int64_t seconds) {
    std::vector<bool> inside;
    inside.reserve(windows.size());
    for (const TimeWindow* window : windows) inside.push_back(window->contains(instant_of(seconds)));
    if (seen.insert(std::move(inside)).second) found.all.push_back(instant_of(seconds));
  };
  consider(kFirstDay + 2 * kDay + kDay / 2);  // a Wednesday at noon
  std::vector<const TimeZone*> zones;
  zones.reserve(windows.size());
  for (const TimeWindow* window : windows) zones.push_back(window->zone.get());
  const OffsetRuns runs(zones);
  for (const auto& [offsets, run] : runs.all()) {
    if (run.until - run.from < kWeek + kDay)
      found.gap = "the clocks of its zones agree in some way for less than a week only";
    const int64_t from = run.from + kDay / 2;  // the change may be within the first day
    for (size_t i = 0; i < windows.size(); ++i) {
      const int64_t week = week_of(from + offsets[i]);
      for (int64_t edge : edges_of(*windows[i])) {
        int64_t at = week + edge - offsets[i];
        while (at < from) at += kWeek;
        if (at <= std::max(run.until, from)) consider(at);
      }
    }
  }
  return found;
}

std::vector<IpAddress> find_addresses(const std::vector<const Cidr*>& networks) {
  std::vector<IpAddress> candidates{*parse_ip("127.0.0.1"), *parse_ip("192.0.2.1"), *parse_ip("2001:db8::1")};
  for (const Cidr* network : networks)
    candidates.insert(candidates.end(), {second_of(*network), network->network, next_after(*network)});
  // IPv4 is a hole in every network of IPv6.
  candidates.insert(candidates.end(), {*parse_ip("0.0.0.0"), *parse_ip("::1:0:0:0"), *parse_ip("::")});
  std::vector<IpAddress> found;
  std::set<std::vector<bool>> seen;
  for (const IpAddress& address : candidates) {
    std::vector<bool> inside;
    inside.reserve(networks.size());
    for (const Cidr* network : networks) inside.push_back(network->contains(address));
    if (seen.insert(std::move(inside)).second) found.push_back(address);
  }
  return found;
}

Instant any_instant() { return instant_of(kFirstDay + 2 * kDay + kDay / 2); }

std::string rfc3339_text(Instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text.data();
}

}  // namespace sluice
