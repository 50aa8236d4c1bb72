// octets: the text of a case and the octets that it stands for, both ways; README.md describes the text.
#pragma once

#include <cctype>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

// What {NAME} stands for.
inline const std::map<std::string, std::string>& names() {
  static const std::map<std::string, std::string> made = [] {
    const std::string host = "Host: gate\r\n", key = "x-api-key: token-of-the-scenario\r\n";
    const std::string smuggled = "GET /push/v1/apps HTTP/1.1\r\n" + host + key + "\r\n";
    return std::map<std::string, std::string>{
        {"key", key},
        {"get", "GET /push/v1/findings HTTP/1.1\r\n" + host + key},
        {"post", "POST /push/open/x HTTP/1.1\r\n" + host + key},
        {"GET", "GET /v1/findings HTTP/1.1\r\n"},
        {"POST", "POST /open/x HTTP/1.1\r\n"},
        {"smuggled", smuggled},
        {"SMUGGLED", "GET /v1/apps HTTP/1.1\r\n\r\n"},
        {"ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
    };
  }();
  return made;
}

inline char hex_digit(char c) {
  const size_t at = std::string_view("0123456789abcdef").find(static_cast<char>(std::tolower(c)));
  if (at == std::string_view::npos) throw std::runtime_error("\\x takes two hexadecimal digits");
  return static_cast<char>(at);
}

// The octet that the escape at `at` stands for; `at` moves behind it.
inline char unescape_one(const std::string& text, size_t& at) {
  constexpr std::string_view kLetters = "rnt0s\\{}", kOctets{"\r\n\t\0 \\{}", 8};
  if (at + 1 >= text.size()) throw std::runtime_error("a line ends in a backslash");
  if (text[at + 1] == 'x') {
    if (at + 3 >= text.size()) throw std::runtime_error("\\x takes two hexadecimal digits");
    const int high = hex_digit(text[at + 2]), low = hex_digit(text[at + 3]);
    at += 4;
    return static_cast<char>(high * 16 + low);
  }
  const size_t letter = kLetters.find(text[at + 1]);
  if (letter == std::string_view::npos)
    throw std::runtime_error("unknown escape \\" + text.substr(at + 1, 1));
  at += 2;
  return kOctets[letter];
}

inline std::string unescape(const std::string& text);

// What stands for {inner}.
inline std::string expand(const std::string& inner) {
  if (const auto known = names().find(inner); known != names().end()) return known->second;
  const size_t star = inner.rfind('*');
  if (star == std::string::npos || star == 0 || star + 1 == inner.size() ||
      inner.find_first_not_of("0123456789", star + 1) != std::string::npos) {
    throw std::runtime_error("unknown name {" + inner + "}");
  }
  const std::string once = unescape(inner.substr(0, star));
  std::string all;
  for (size_t i = std::stoul(inner.substr(star + 1)); i > 0; --i) all += once;
  return all;
}

inline std::string unescape(const std::string& text) {
  std::string octets;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\\') {
      octets += unescape_one(text, at);
    } else if (text[at] == '{') {
      const size_t end = text.find('}', at);
      if (end == std::string::npos) throw std::runtime_error("a { without its }");
      octets += expand(text.substr(at + 1, end - at - 1));
      at = end + 1;
    } else {
      octets += text[at++];
    }
  }
  return octets;
}

// For people; the middle of a long text is left out.
inline std::string escape(std::string_view octets) {
  std::string text;
  for (const char c : octets) {
    const auto code = static_cast<unsigned char>(c);
    constexpr std::string_view kHex = "0123456789abcdef";
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else if (code >= 0x20 && code < 0x7f) {
      text += c;
    } else {
      text += {'\\', 'x', kHex[code >> 4], kHex[code & 15]};
    }
  }
  if (text.size() > 1500) text = text.substr(0, 700) + " ... " + text.substr(text.size() - 700);
  return text;
}

}  // namespace sluice
