#include "policy/review/xml_text.h"

#include "config/text_check.h"

namespace sluice {
namespace {

// A character of XML 1.0, of which `text` is one in UTF-8.
bool is_xml_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20) return first == '\t' || first == '\n' || first == '\r';
  return text != "\xef\xbf\xbe" && text != "\xef\xbf\xbf";  // U+FFFE and U+FFFF
}

void append_escaped(std::string& out, std::string_view character) {
  switch (character[0]) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    case '\t': out += "&#9;"; break;  // as it is, a parser makes it a space in an attribute
    case '\n': out += "&#10;"; break;
    case '\r': out += "&#13;"; break;
    default: out += character;
  }
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    if (length > 0 && is_xml_character(character)) {
      append_escaped(out, character);
    } else {
      out += '?';
    }
    text.remove_prefix(character.size());
  }
  return out;
}

}  // namespace sluice
