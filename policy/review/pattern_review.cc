#include "policy/review/pattern_review.h"

#include <re2/re2.h>

#include <optional>
#include <vector>

#include "config/ascii.h"

namespace sluice {
namespace {

// A top-level part of a pattern: an atom and how often it is repeated.
struct Part {
  std::string_view atom;
  std::string_view repeat;  // "", "+", "{2,}", ...; a lazy ? is left out
};

// The end of a class that starts at `place`, one past its "]"; npos if there is none.
size_t end_of_class(std::string_view pattern, size_t place) {
  ++place;
  if (place < pattern.size() && pattern[place] == '^') ++place;
  if (place < pattern.size() && pattern[place] == ']') ++place;
  while (place < pattern.size() && pattern[place] != ']') {
    if (pattern.substr(place, 2) == "[:") {
      const size_t end = pattern.find(":]", place + 2);
      if (end == std::string_view::npos) return end;
      place = end + 2;
    } else {
      place += pattern[place] == '\\' ? 2 : 1;
    }
  }
  return place < pattern.size() ? place + 1 : std::string_view::npos;
}

// Of an atom at `place`; npos for what is not understood here.
size_t end_of_atom(std::string_view pattern, size_t place);

size_t end_of_group(std::string_view pattern, size_t place) {
  ++place;
  while (place < pattern.size() && pattern[place] != ')') {
    place = end_of_atom(pattern, place);
    if (place == std::string_view::npos) return place;
  }
  return place < pattern.size() ? place + 1 : std::string_view::npos;
}

size_t end_of_atom(std::string_view pattern, size_t place) {
  switch (pattern[place]) {
    case '[': return end_of_class(pattern, place);
    case '(': return end_of_group(pattern, place);
    case '\\': {
      const bool is_short =
          place + 1 < pattern.size() &&
          std::string_view("pPQEx01234567").find(pattern[place + 1]) == std::string_view::npos;
      return is_short ? place + 2 : std::string_view::npos;
    }
    default: return place + 1;
  }
}

size_t end_of_repeat(std::string_view pattern, size_t place) {
  if (place >= pattern.size()) return place;
  if (std::string_view("*+?").find(pattern[place]) != std::string_view::npos) return place + 1;
  if (pattern[place] != '{' || place + 1 >= pattern.size() || !is_digit(pattern[place + 1])) return place;
  const size_t end = pattern.find('}', place);
  return end == std::string_view::npos ? place : end + 1;
}

std::optional<std::vector<Part>> parts_of(std::string_view pattern) {
  std::vector<Part> parts;
  size_t place = 0;
  while (place < pattern.size()) {
    const size_t end = end_of_atom(pattern, place);
    if (end == std::string_view::npos || end > pattern.size()) return std::nullopt;
    const size_t next = end_of_repeat(pattern, end);
    parts.push_back({pattern.substr(place, end - place), pattern.substr(end, next - end)});
    place = next;
    if (next > end && place < pattern.size() && pattern[place] == '?') ++place;
  }
  return parts;
}

bool is_start(const Part& part) { return part.atom == "^" || part.atom == "\\A"; }
bool is_end(const Part& part) { return part.atom == "$" || part.atom == "\\z"; }

// Letters such as i in "(?i)" at the start, which it cuts off.
std::string_view take_flags(std::string_view& pattern) {
  if (!pattern.starts_with("(?")) return {};
  size_t end = 2;
  while (end < pattern.size() && is_letter(pattern[end])) ++end;
  if (end == 2 || end >= pattern.size() || pattern[end] != ')') return {};
  const std::string_view flags = pattern.substr(2, end - 2);
  pattern.remove_prefix(end + 1);
  return flags;
}

// More of the atom may follow or not: at an end that is not anchored that changes nothing.
bool repeats_in_vain(const Part& part) {
  if (part.atom == "." || part.repeat.empty() || part.repeat == "?") return false;
  return part.repeat[0] != '{' || part.repeat.find(',') != std::string_view::npos;
}

std::string vain_repeat(const Part& part, std::string_view where) {
  return "it is found anywhere in the text, so the " + std::string(part.repeat) + " at its " +
         std::string(where) + " changes nothing";
}

// "^a|b$": the anchors bind closer than the |.
std::string loose_alternatives(const std::vector<Part>& parts) {
  if (!is_start(parts.front()) || !is_end(parts.back())) return "";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].atom != "|") continue;
    const bool closed = i > 0 && is_end(parts[i - 1]) && i + 1 < parts.size() && is_start(parts[i + 1]);
    if (!closed) return "^ and $ bind to the first and the last alternative only";
  }
  return "";
}

}  // namespace

std::string_view matches_everything(std::string_view pattern) {
  const std::string_view flags = take_flags(pattern);
  if (flags.find('m') != std::string_view::npos) return "";
  auto parts = parts_of(pattern);
  if (!parts) return "";
  const bool at_start = !parts->empty() && is_start(parts->front());
  if (at_start) parts->erase(parts->begin());
  const bool at_end = !parts->empty() && is_end(parts->back());
  if (at_end) parts->pop_back();
  std::string inner;
  for (const Part& part : *parts) {
    // Assertions, also within groups; and alternatives, to which the anchors taken off may not belong.
    if (part.atom[0] != '[' && part.atom.find_first_of("^$") != std::string_view::npos) return "";
    for (const char* assertion : {"\\b", "\\B", "\\A", "\\z"}) {
      if (part.atom.find(assertion) != std::string_view::npos) return "";
    }
    if (part.atom == "|" && (at_start || at_end)) return "";
    inner += std::string(part.atom) + std::string(part.repeat);
  }
  if (at_start && at_end) {
    if (inner == "[\\s\\S]*") return "every text";
    if (inner != ".*" && inner != "(.*)" && inner != "(?:.*)") return "";
    return flags.find('s') != std::string_view::npos ? "every text" : "every text without a line end";
  }
  // What matches the empty text is found everywhere.
  return re2::RE2::FullMatch("", inner) ? "every text" : "";
}

std::string missing_anchor(std::string_view pattern) {
  take_flags(pattern);
  const auto parts = parts_of(pattern);
  if (!parts || parts->empty() || !matches_everything(pattern).empty()) return "";
  for (const Part& part : *parts) {
    if (part.atom == "|") return loose_alternatives(*parts);
  }
  if (!is_end(parts->back()) && repeats_in_vain(parts->back())) return vain_repeat(parts->back(), "end");
  if (!is_start(parts->front()) && repeats_in_vain(parts->front()))
    return vain_repeat(parts->front(), "start");
  return "";
}

}  // namespace sluice
