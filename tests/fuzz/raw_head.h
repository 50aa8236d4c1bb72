// raw_head: a head taken apart as simply as can be, to judge the parser and what the gate writes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct RawField {
  std::string name, value;
  bool operator==(const RawField&) const = default;
};

struct RawHead {
  std::string first_line;
  std::vector<RawField> fields;
};

inline std::string without_blanks(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.erase(0, 1);
  return text;
}

inline std::vector<std::string> split(const std::string& text, const std::string& mark) {
  std::vector<std::string> parts;
  size_t at = 0;
  for (size_t end = text.find(mark); end != std::string::npos; end = text.find(mark, at)) {
    parts.push_back(text.substr(at, end - at));
    at = end + mark.size();
  }
  parts.push_back(text.substr(at));
  return parts;
}

inline std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

// Lower case, and as a server that turns names into variables sees it.
inline std::string plain_name(const std::string& name) {
  std::string plain = lower_case(name);
  std::replace(plain.begin(), plain.end(), '_', '-');
  return plain;
}

// Requires: ends with an empty line.
inline RawHead take_apart(std::string_view text) {
  std::vector<std::string> lines = split(std::string(text), "\r\n");
  RawHead head;
  head.first_line = lines.front();
  for (size_t i = 1; i + 2 < lines.size(); ++i) {
    const size_t colon = std::min(lines[i].find(':'), lines[i].size());
    const std::string value = colon < lines[i].size() ? lines[i].substr(colon + 1) : "";
    head.fields.push_back({lines[i].substr(0, colon), without_blanks(value)});
  }
  return head;
}

inline size_t count_of(const RawHead& head, std::string_view lower_case_name) {
  return static_cast<size_t>(std::count_if(
      head.fields.begin(), head.fields.end(),
      [lower_case_name](const RawField& field) { return lower_case(field.name) == lower_case_name; }));
}

inline std::string value_of(const RawHead& head, std::string_view lower_case_name) {
  for (const RawField& field : head.fields) {
    if (lower_case(field.name) == lower_case_name) return field.value;
  }
  return "";
}

// Whether a Connection field names it.
inline bool is_named_by_connection(const RawHead& head, const std::string& name) {
  for (const RawField& field : head.fields) {
    if (lower_case(field.name) != "connection") continue;
    for (const std::string& option : split(field.value, ",")) {
      if (lower_case(without_blanks(option)) == lower_case(name)) return true;
    }
  }
  return false;
}

// No line end and no NUL: nothing in it can end a line.
inline bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace sluice
