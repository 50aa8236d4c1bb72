#include "proxy/json_text.h"

// Without RAPIDJSON_SSE2: with it, RapidJSON 1.1.0 leaves 0x1A to 0x1F as they are.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "config/text_check.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr size_t kFirstSize = 2048;  // an event has about 1,200 octets
constexpr size_t kMostDigits = 20;   // of 64 bits and a sign

// Sixteen octets at a time. Signed: those outside ASCII are below the blank, as control characters are.
using Block [[gnu::vector_size(16)]] = signed char;
using Halves [[gnu::vector_size(16)]] = uint64_t;

Block find_special(Block octets) {
  return (octets < ' ') | (octets == '"') | (octets == '\\') | (octets == '\x7f');
}

bool is_zero(Block octets) {
  const auto halves = std::bit_cast<Halves>(octets);
  return (halves[0] | halves[1]) == 0;
}

// Whether it stands in JSON as it is. Looks at whole blocks: the rest of the last one must be readable.
bool is_plain(const char* text, size_t size) {
  Block found{};
  for (size_t at = 0; at < size; at += sizeof(Block)) {
    Block block;
    std::memcpy(&block, text + at, sizeof(block));
    found |= find_special(block);
  }
  return is_zero(found);
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

// Each octet that is part of no character becomes U+FFFD.
std::string with_replacements(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    out += length > 0 ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(std::max<size_t>(length, 1));
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

// Copies it, and says whether it stands in JSON as it is. Requires: room for a block more.
bool JsonText::copy_plain(char* at, std::string_view value) {
  const Block blanks = Block{} + ' ';
  char* const end = std::copy(value.begin(), value.end(), at);
  std::memcpy(end, &blanks, sizeof(blanks));
  return is_plain(at, value.size());
}

void JsonText::string(std::string_view value) {
  char* const at = room(1 + value.size() + sizeof(Block));
  at[0] = '"';
  if (!copy_plain(at + 1, value)) return escape(value);
  at[1 + value.size()] = '"';
  size_ += value.size() + 2;
}

void JsonText::ascii(std::string_view value, bool quoted) {
  char* at = room(1 + value.size() + sizeof(Block));
  if (quoted) *at++ = '"';
  if (!copy_plain(at, value)) return escape_ascii(value, quoted);
  if (quoted) at[value.size()] = '"';
  size_ += value.size() + (quoted ? 2 : 0);
}

void JsonText::plain_string(std::string_view value) {
  char* const at = extend(value.size() + 2);
  at[0] = '"';
  *std::copy(value.begin(), value.end(), at + 1) = '"';
}

void JsonText::escape(std::string_view value) {
  const std::string valid = is_valid_utf8(value) ? std::string(value) : repaired(value);
  rapidjson::StringBuffer escaped;
  rapidjson::Writer<rapidjson::StringBuffer> writer(escaped);
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  std::memcpy(extend(escaped.GetSize()), escaped.GetString(), escaped.GetSize());
}

void JsonText::escape_ascii(std::string_view value, bool quoted) {
  const std::string valid = with_replacements(value);
  rapidjson::StringBuffer escaped;
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::ASCII<>> writer(escaped);
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  std::string_view text(escaped.GetString(), escaped.GetSize());
  if (!quoted) text = text.substr(1, text.size() - 2);
  for (const char c : text) {
    if (c == '\x7f') {  // JSON allows it as it is
      literal("\\u007F");
    } else {
      *extend(1) = c;
    }
  }
}

void JsonText::grow(size_t size) { memory_.resize(std::max({kFirstSize, size_ + size, 2 * memory_.size()})); }

}  // namespace sluice
