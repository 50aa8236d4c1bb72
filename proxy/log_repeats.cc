#include "proxy/log_repeats.h"

#include <algorithm>
#include <functional>

namespace sluice {
namespace {

using Fields = std::span<const std::pair<std::string_view, std::string_view>>;

// Their values come from the configuration alone. Whoever logs a caller's word under one of these names
// lets callers fill the table.
constexpr std::array<std::string_view, 11> kNaming = {
    "api", "client", "webhook", "issuer", "place", "store", "role", "address", "for", "key", "cause"};

constexpr const char* kOthers = "further messages";

bool is_naming(std::string_view name) {
  return std::find(kNaming.begin(), kNaming.end(), name) != kNaming.end();
}

uint64_t hash_of(LogLevel level, std::string_view message, Fields fields) {
  const std::hash<std::string_view> hash;
  uint64_t all = hash(message) + static_cast<uint64_t>(level);
  for (const auto& [name, value] : fields)
    if (is_naming(name)) all = (all * 31 + hash(name)) * 31 + hash(value);
  return all;
}

}  // namespace

bool LogRepeats::admit(LogLevel level, std::string_view message, Fields fields, Nanos now) {
  Place& place = place_of(level, message, fields, now);
  if (++place.count <= kMost) return true;
  ++place.line.repeated;
  return false;
}

// While stderr takes nothing nobody calls take(): what is kept adds up, by line.
void LogRepeats::keep(const Summary& line) {
  const auto is_same = [&line](const Summary& other) {
    return other.level == line.level && other.message == line.message && other.fields == line.fields;
  };
  auto kept = std::find_if(over_.begin(), over_.end(), is_same);
  if (kept == over_.end() && over_.size() < kMostOver) {
    over_.push_back(line);
    return;
  }
  if (kept == over_.end()) {
    const auto is_others = [](const Summary& other) { return other.message == kOthers; };
    kept = std::find_if(over_.begin(), over_.end(), is_others);
  }
  if (kept == over_.end()) kept = over_.insert(kept, {line.level, kOthers, {}, 0});
  kept->repeated += line.repeated;
}

// Where a place's window is over, what it held back is kept for take(), and a window begins.
LogRepeats::Place& LogRepeats::place_of(LogLevel level, std::string_view message, Fields fields, Nanos now) {
  const uint64_t hash = hash_of(level, message, fields);
  Place* free = nullptr;
  for (Place& place : places_) {
    const bool is_over = place.count == 0 || now - place.began >= kWindow;
    if (is_over && place.line.repeated > 0) keep(place.line);
    if (is_over) place.count = place.line.repeated = 0;
    if (place.count == 0) {
      free = &place;
    } else if (place.hash == hash) {
      return place;
    }
  }
  if (free == nullptr) {
    if (now - others_.began >= kWindow) {
      if (others_.line.repeated > 0) keep(others_.line);
      others_.count = others_.line.repeated = 0;
      others_.began = now;
      others_.line.message = kOthers;
    }
    return others_;
  }
  free->hash = hash;
  free->began = now;
  free->line = {level, std::string(message), {}, 0};
  for (const auto& [name, value] : fields)
    if (is_naming(name)) free->line.fields.emplace_back(name, value);
  return *free;
}

std::vector<LogRepeats::Summary> LogRepeats::take(Nanos now, bool all) {
  const auto take_from = [&](Place& place) {
    if (place.line.repeated == 0 || (!all && now - place.began < kWindow)) return;
    keep(place.line);
    place.line.repeated = 0;
  };
  for (Place& place : places_) take_from(place);
  take_from(others_);
  return std::exchange(over_, {});
}

}  // namespace sluice
