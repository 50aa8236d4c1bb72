#include "proxy/audit/json_text.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>

#include "policy/path.h"

namespace sluice {
namespace {

constexpr size_t kFirstSize = 2048;  // an event has about 1,200 octets
constexpr uint64_t kOnes = 0x0101010101010101U;
constexpr uint64_t kBlanks = kOnes * ' ';
constexpr size_t kMostDigits = 20;  // of 64 bits and a sign

// The top bit of an octet of the result is set where an octet is a control character, a quote, a backslash or
// outside ASCII; above such a one it may be set wrongly.
uint64_t find_special(uint64_t word) {
  constexpr uint64_t kTops = kOnes * 0x80;
  const uint64_t quotes = word ^ (kOnes * '"');
  const uint64_t backslashes = word ^ (kOnes * '\\');
  return ((word - kBlanks) | (quotes - kOnes) | (backslashes - kOnes) | word) & kTops;
}

uint64_t load(const char* octets) {
  uint64_t word = 0;
  std::memcpy(&word, octets, sizeof(word));
  return word;
}

// Whether it stands in JSON as it is.
bool is_plain(std::string_view text) {
  const char* const begin = text.data();
  if (text.size() < 8) {
    uint64_t word = 0;
    for (const char c : text) word = word << 8 | static_cast<unsigned char>(c);
    const uint64_t blanks = text.empty() ? kBlanks : kBlanks << 8 * text.size();
    return find_special(word | blanks) == 0;
  }
  uint64_t found = find_special(load(begin + text.size() - 8));  // the last ones may be looked at twice
  for (size_t at = 0; at + 8 < text.size(); at += 8) found |= find_special(load(begin + at));
  return found == 0;
}

std::string repaired(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c;
    } else {
      out += "\xEF\xBF\xBD";
    }
  }
  return out;
}

}  // namespace

void JsonText::number(int64_t value) {
  char* const at = room(kMostDigits);
  size_ += static_cast<size_t>(std::to_chars(at, at + kMostDigits, value).ptr - at);
}

void JsonText::number(uint64_t value) {
  char* const at = room(kMostDigits);
  size_ += static_cast<size_t>(std::to_chars(at, at + kMostDigits, value).ptr - at);
}

void JsonText::string(std::string_view value) {
  if (!is_plain(value)) return escape(value);
  char* const at = room(value.size() + 2);
  at[0] = '"';
  std::copy(value.begin(), value.end(), at + 1);
  at[value.size() + 1] = '"';
  size_ += value.size() + 2;
}

void JsonText::escape(std::string_view value) {
  const std::string valid = is_valid_utf8(value) ? std::string(value) : repaired(value);
  rapidjson::StringBuffer escaped;
  rapidjson::Writer<rapidjson::StringBuffer> writer(escaped);
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  std::memcpy(extend(escaped.GetSize()), escaped.GetString(), escaped.GetSize());
}

void JsonText::grow(size_t size) { memory_.resize(std::max({kFirstSize, size_ + size, 2 * memory_.size()})); }

}  // namespace sluice
