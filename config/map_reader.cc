#include "config/map_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/ascii.h"

namespace sluice {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

void report_kind(const Value& value, std::string_view what, std::string_view expected, Findings& findings) {
  if (value.reported) return;
  findings.error(value.at, "wrong-type",
                 std::string(what) + ": expected " + std::string(expected) + ", got " +
                     std::string(kind_name(value.kind)));
}

// As report_kind, and shows the text. Only where numbers and the like are expected: a text in the place of a
// map may be a key that somebody pasted.
void report_scalar(const Value& value, std::string_view what, std::string_view expected, Findings& findings) {
  constexpr size_t kLongest = 24;
  if (!value.is_scalar() || value.text.size() > kLongest) return report_kind(value, what, expected, findings);
  findings.error(value.at, "wrong-type",
                 std::string(what) + ": expected " + std::string(expected) + ", got " + quoted(value.text) +
                     (value.quoted ? " in quotes" : ""));
}

// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<size_t> before_last(right.size() + 1), last(right.size() + 1), current(right.size() + 1);
  for (size_t column = 0; column <= right.size(); ++column) last[column] = column;
  for (size_t row = 1; row <= left.size(); ++row) {
    current[0] = row;
    for (size_t column = 1; column <= right.size(); ++column) {
      const size_t replace = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1);
      current[column] = std::min({last[column] + 1, current[column - 1] + 1, replace});
      const bool swapped =
          row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
      if (swapped) current[column] = std::min(current[column], before_last[column - 2] + 1);
    }
    before_last.swap(last);
    last.swap(current);
  }
  return last[right.size()];
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_plain(const Value& value) { return value.is_scalar() && !value.quoted; }

// What from_chars reads entirely. A leading zero would be octal to other readers of YAML.
template <class T>
std::optional<T> parse_whole(std::string_view text) {
  const std::string_view digits = text.substr(0, 1) == "-" ? text.substr(1) : text;
  if (digits.size() > 1 && digits[0] == '0' && is_digit(digits[1])) return std::nullopt;
  T number{};
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

template <class T>
void assign(std::optional<T> value, T& out) {
  if (value) out = std::move(*value);
}

}  // namespace

std::string_view nearest_name(std::string_view name, std::span<const std::string> known) {
  constexpr size_t kLongestName = 64, kMostNames = 2000;
  if (name.size() > kLongestName || known.size() > kMostNames) return {};
  std::string_view best;
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = edit_distance(lower(name), lower(candidate));
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

std::string suggestion(std::string_view name, std::span<const std::string> known) {
  const std::string_view near = nearest_name(name, known);
  return near.empty() ? std::string() : ", did you mean " + quoted(near) + "?";
}

std::optional<std::string> read_text(const Value& value, std::string_view what, Findings& findings) {
  if (value.is_scalar()) return value.text;
  report_kind(value, what, "a text", findings);
  return std::nullopt;
}

std::optional<bool> read_boolean(const Value& value, std::string_view what, Findings& findings) {
  if (is_plain(value) && value.text == "true") return true;
  if (is_plain(value) && value.text == "false") return false;
  report_scalar(value, what, "true or false", findings);
  return std::nullopt;
}

std::optional<int64_t> read_integer(const Value& value, std::string_view what, Findings& findings) {
  auto number = is_plain(value) ? parse_whole<int64_t>(value.text) : std::nullopt;
  if (!number) report_scalar(value, what, "a whole number", findings);
  return number;
}

std::optional<double> read_number(const Value& value, std::string_view what, Findings& findings) {
  auto number = is_plain(value) ? parse_whole<double>(value.text) : std::nullopt;
  if (number && std::isfinite(*number)) return number;
  report_scalar(value, what, "a number", findings);
  return std::nullopt;
}

std::optional<Millis> read_duration(const Value& value, std::string_view what, Findings& findings) {
  auto duration = value.is_scalar() ? parse_duration(value.text) : std::nullopt;
  if (!duration) report_scalar(value, what, "a duration such as 500ms, 9s, 5m, 1h or 7d", findings);
  return duration;
}

std::optional<Bytes> read_size(const Value& value, std::string_view what, Findings& findings) {
  auto size = value.is_scalar() ? parse_size(value.text) : std::nullopt;
  if (!size) report_scalar(value, what, "a size such as 512B, 64KiB, 1MiB or 10GiB", findings);
  return size;
}

std::vector<std::string> read_texts(const Value& value, std::string_view what, Findings& findings) {
  std::vector<std::string> texts;
  for (const Value* scalar : read_scalars(value, what, findings)) texts.push_back(scalar->text);
  return texts;
}

std::vector<const Value*> read_scalars(const Value& value, std::string_view what, Findings& findings) {
  std::vector<const Value*> scalars;
  if (value.is_scalar()) scalars.push_back(&value);
  if (!value.is_list() && !value.is_scalar()) report_kind(value, what, "a text or a list of texts", findings);
  for (const Value& item : value.items) {
    if (read_text(item, what, findings)) scalars.push_back(&item);
  }
  return scalars;
}

MapReader::MapReader(const Value& value, std::string_view what, Findings& findings)
    : value_(value), what_(what), findings_(findings) {
  if (!value.is_map()) report_kind(value, what, "a map", findings);
}

const Value* MapReader::optional(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return value_.find(key);
}

const Value* MapReader::required(std::string_view key) {
  const Value* found = optional(key);
  if (found == nullptr && is_map()) {
    findings_.error(value_.at, "missing-key", "missing key " + quoted(key) + " in " + what_);
  }
  return found;
}

void MapReader::text(std::string_view key, std::string& out) {
  if (const Value* value = optional(key)) assign(read_text(*value, key, findings_), out);
}

void MapReader::boolean(std::string_view key, bool& out) {
  if (const Value* value = optional(key)) assign(read_boolean(*value, key, findings_), out);
}

void MapReader::integer(std::string_view key, int64_t& out, int64_t low, int64_t high) {
  const Value* value = optional(key);
  auto number = value != nullptr ? read_integer(*value, key, findings_) : std::nullopt;
  if (!number) return;
  if (*number >= low && *number <= high) {
    out = *number;
  } else {
    out_of_range(*value, key, std::to_string(low), std::to_string(high));
  }
}

void MapReader::number(std::string_view key, double& out) {
  if (const Value* value = optional(key)) assign(read_number(*value, key, findings_), out);
}

void MapReader::duration(std::string_view key, Millis& out, Millis low, Millis high) {
  const Value* value = optional(key);
  auto duration = value != nullptr ? read_duration(*value, key, findings_) : std::nullopt;
  if (!duration) return;
  if (*duration >= low && *duration <= high) {
    out = *duration;
  } else {
    out_of_range(*value, key, format_duration(low), format_duration(high));
  }
}

void MapReader::size(std::string_view key, Bytes& out, Bytes low, Bytes high) {
  const Value* value = optional(key);
  auto size = value != nullptr ? read_size(*value, key, findings_) : std::nullopt;
  if (!size) return;
  if (*size >= low && *size <= high) {
    out = *size;
  } else {
    out_of_range(*value, key, format_size(low), format_size(high));
  }
}

void MapReader::texts(std::string_view key, std::vector<std::string>& out) {
  if (const Value* value = optional(key)) out = read_texts(*value, key, findings_);
}

void MapReader::finish() {
  for (const auto& [key, value] : value_.entries) {
    if (findings_.is_full()) return;
    if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
    std::string hint = suggestion(key.text, known_);
    if (hint.empty()) {
      for (const std::string& name : known_) hint += (hint.empty() ? ", allowed: " : ", ") + name;
    }
    findings_.error(key.at, "unknown-key", "unknown key " + quoted(key.text) + " in " + what_ + hint);
  }
}

std::optional<size_t> MapReader::name_of(std::string_view key, const std::vector<std::string>& names) {
  const Value* value = optional(key);
  auto name = value != nullptr ? read_text(*value, key, findings_) : std::nullopt;
  if (!name) return std::nullopt;
  auto found = std::find(names.begin(), names.end(), *name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  std::string allowed;
  for (const std::string& candidate : names) allowed += (allowed.empty() ? "" : ", ") + candidate;
  findings_.error(value->at, "invalid-value",
                  std::string(key) + ": unknown value " + quoted(*name) + ", allowed: " + allowed);
  return std::nullopt;
}

void MapReader::out_of_range(const Value& value, std::string_view key, const std::string& low,
                             const std::string& high) {
  findings_.error(value.at, "out-of-range",
                  std::string(key) + ": " + value.text + " is out of range, allowed: " + low + " to " + high);
}

}  // namespace sluice
