#include "proxy/audit/formats/slack_text.h"

#include <algorithm>

#include "config/text_check.h"

namespace sluice {
namespace {

constexpr std::string_view kEllipsis = "\u2026";

// One character as it may stand in a code span: "" for one that may not.
std::string_view shown(std::string_view character) {
  if (character.size() > 1) return find_unreadable(character) ? std::string_view() : character;
  switch (character[0]) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '`': return "'";
    case '\t':
    case '\n':
    case '\r': return " ";
    default: return character[0] < 0x20 || character[0] == 0x7f ? std::string_view() : character;
  }
}

// Slack makes no code of a span that begins or ends with a blank.
void trim(std::string& text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
}

}  // namespace

std::string slack_code(std::string_view text, size_t most) {
  std::string span;
  size_t cut = 0;  // the longest that leaves room for an ellipsis
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(character.size());
    const std::string_view add = length == 0 ? std::string_view("?") : shown(character);
    if (span.size() + add.size() > most) {
      span.resize(cut);
      span += kEllipsis;
      break;
    }
    span += add;
    if (span.size() + kEllipsis.size() <= most) cut = span.size();
  }
  trim(span);
  return span.empty() ? "`-`" : "`" + span + "`";
}

}  // namespace sluice
