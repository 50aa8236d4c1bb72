#include "policy/path.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "config/ascii.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

// A segment is unwrapped until nothing is left to decode. Each level strips two octets from every sequence,
// so this ends by itself; the bound only keeps a hostile segment from costing more than its length suggests.
constexpr int kMaxDepth = 16;

// What an octet of a target means before decoding.
enum Octet : uint8_t {
  kPlain = 0,
  kSlash = 1,
  kQuestion = 2,
  kAmpersand = 4,
  kEquals = 8,
  kPercent = 16,
  kPlus = 32,
  kRefused = 64,  // refuse_raw() says why
};

constexpr std::array<uint8_t, 256> kOctets = [] {
  std::array<uint8_t, 256> octets{};
  for (unsigned c = 0; c < 256; ++c) octets[c] = c > 0x20 && c < 0x7f ? kPlain : kRefused;
  octets['\\'] = octets['#'] = kRefused;
  octets['/'] = kSlash;
  octets['?'] = kQuestion;
  octets['&'] = kAmpersand;
  octets['='] = kEquals;
  octets['%'] = kPercent;
  octets['+'] = kPlus;
  return octets;
}();

constexpr uint8_t octet_of(char c) { return kOctets[static_cast<unsigned char>(c)]; }

const char* skip_plain(const char* at, const char* end) {
  while (at != end && octet_of(*at) == kPlain) ++at;
  return at;
}

// Why the first octet that may not stand raw in a target may not, whatever it means decoded.
const char* refuse_raw(std::string_view text) {
  for (char c : text) {
    if (c == '\\') return "a raw backslash";
    if (c == '#') return "a raw #";
    if (is_control(c) || c == ' ') return "a raw space or control character";
    if (static_cast<unsigned char>(c) >= 0x80) return "a raw octet outside ASCII";
  }
  return nullptr;
}

// One level of percent-decoding. False for a % without two hex digits.
bool decode_once(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return true;
}

// One more level, as a lenient decoder would do it. False when there was nothing to decode.
bool unwrap(std::string_view text, std::string& out) {
  out.clear();
  bool changed = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool sequence =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (sequence) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
      changed = true;
    } else {
      out += text[i];
    }
  }
  return changed;
}

bool has_percent_u(std::string_view text) {
  for (size_t i = 0; i + 5 < text.size(); ++i) {
    if (text[i] != '%' || (text[i + 1] != 'u' && text[i + 1] != 'U')) continue;
    bool all_hex = true;
    for (size_t k = 2; k < 6; ++k) all_hex = all_hex && hex_value(text[i + k]) >= 0;
    if (all_hex) return true;
  }
  return false;
}

// "..;x" counts as "..": some servers cut path parameters off before they resolve dot segments.
bool is_dot_segment(std::string_view segment) {
  const std::string_view name = segment.substr(0, segment.find(';'));
  return name == "." || name == "..";
}

// What a decoded segment must not hold at any level. nullptr when it is fine.
const char* refuse_decoded(std::string_view segment) {
  for (char c : segment) {
    if (c == '/') return "an encoded slash";
    if (c == '\\') return "an encoded backslash";
    if (c == '?' || c == '#') return "an encoded ? or #";
    if (is_control(c)) return "an encoded NUL or control character";
  }
  if (is_dot_segment(segment)) return "a dot segment";
  if (!is_valid_utf8(segment)) return "invalid or overlong UTF-8";
  if (has_percent_u(segment)) return "a %uXXXX sequence";
  return nullptr;
}

Error path_error(std::string_view what) { return {"the path holds " + std::string(what)}; }
Error query_error(std::string_view what) { return {"the query holds " + std::string(what)}; }

// Decodes a segment that holds a %, in place of the view. The refusal, or nullptr.
const char* decode_segment(TextStore& texts, std::string_view& segment) {
  std::string& decoded = texts.next();
  if (has_percent_u(segment)) return "a %uXXXX sequence";
  if (!decode_once(segment, false, decoded)) return "a % that two hex digits do not follow";
  segment = decoded;
  if (const char* refusal = refuse_decoded(decoded)) return refusal;
  if (decoded.find('%') == std::string::npos) return nullptr;
  std::string level = decoded;
  std::string next;
  for (int depth = 0; unwrap(level, next); ++depth) {
    if (depth == kMaxDepth) return "more levels of percent-encoding than can be told apart";
    if (const char* refusal = refuse_decoded(next)) return refusal;
    std::swap(level, next);
  }
  return nullptr;
}

// Puts the folded text in place of the view. False when it cannot be folded.
bool fold_view(TextStore& texts, std::string_view& text) {
  const bool stays = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80 && !ascii::is(c, ascii::kUpper);
  });
  if (stays) return true;
  const std::optional<std::string> folded = fold_case(text);
  if (!folded) return false;
  text = texts.next().assign(*folded);
  return true;
}

// Decodes a name or a value in place of the view. The refusal, or nullptr.
const char* decode_query_part(TextStore& texts, std::string_view& part) {
  if (part.find_first_of("%+") == std::string_view::npos) return nullptr;
  std::string& decoded = texts.next();
  if (!decode_once(part, true, decoded)) return "a % that two hex digits do not follow";
  part = decoded;
  return is_valid_utf8(part) ? nullptr : "invalid or overlong UTF-8";
}

const char* decode_pair(TextStore& texts, bool fold, QueryParameter& pair) {
  if (const char* refusal = decode_query_part(texts, pair.name)) return refusal;
  if (fold && !fold_view(texts, pair.name)) return "a name that cannot be case-folded";
  if (pair.name.find('\0') != std::string_view::npos) return "an encoded NUL in a name";
  return decode_query_part(texts, pair.value);
}

// Appends what stands between the slashes, the first of which begins the path. Every kind of octet seen.
unsigned split_path(std::string_view path, std::vector<std::string_view>& segments) {
  unsigned seen = kPlain;
  const char* start = path.data() + 1;
  const char* const end = path.data() + path.size();
  for (const char* at = skip_plain(start, end); at != end; at = skip_plain(at + 1, end)) {
    const uint8_t octet = octet_of(*at);
    seen |= octet;
    if (octet != kSlash) continue;
    segments.emplace_back(start, at);
    start = at + 1;
  }
  segments.emplace_back(start, end);
  return seen;
}

// Appends what stands between the ampersands, each cut at its first =. Every kind of octet seen.
unsigned split_query(std::string_view query, std::vector<QueryParameter>& pairs) {
  unsigned seen = kPlain;
  const char* start = query.data();
  const char* equals = nullptr;
  const auto add_until = [&pairs, &start, &equals](const char* end) {
    if (end == start) return;
    if (equals == nullptr) {
      pairs.push_back({{start, end}, {}});
    } else {
      pairs.push_back({{start, equals}, {equals + 1, end}});
    }
  };
  const char* const end = query.data() + query.size();
  for (const char* at = skip_plain(start, end); at != end; at = skip_plain(at + 1, end)) {
    const uint8_t octet = octet_of(*at);
    seen |= octet;
    if (octet == kEquals && equals == nullptr) equals = at;
    if (octet != kAmpersand) continue;
    add_until(at);
    start = at + 1;
    equals = nullptr;
  }
  add_until(end);
  return seen;
}

// The refusal, or nullptr.
const char* read_path(std::string_view path, bool fold, DecodedPath& out) {
  const unsigned seen = split_path(path, out.segments);
  if ((seen & kRefused) != 0) return refuse_raw(path);
  if ((seen & kQuestion) != 0) return "a ?";
  for (std::string_view& segment : out.segments) {
    if (segment.empty()) {
      if (&segment != &out.segments.back()) return "repeated slashes";
    } else if ((seen & kPercent) != 0 && segment.find('%') != std::string_view::npos) {
      if (const char* refusal = decode_segment(out.texts, segment)) return refusal;
    } else if (segment.front() == '.' && is_dot_segment(segment)) {
      return "a dot segment";
    }
  }
  if (!fold) return nullptr;
  out.folded.assign(out.segments.begin(), out.segments.end());
  for (std::string_view& segment : out.folded) {
    if (!fold_view(out.texts, segment)) return "a segment that cannot be case-folded";
  }
  return nullptr;
}

const char* read_query(std::string_view query, bool fold, DecodedQuery& out) {
  const unsigned seen = split_query(query, out.parameters);
  if ((seen & kRefused) != 0) return refuse_raw(query);
  if (!fold && (seen & (kPercent | kPlus)) == 0) return nullptr;
  for (QueryParameter& pair : out.parameters) {
    if (const char* refusal = decode_pair(out.texts, fold, pair)) return refusal;
  }
  return nullptr;
}

}  // namespace

Result<void> decode_path(std::string_view path, bool fold, DecodedPath& out) {
  out.clear();
  if (path.empty() || path.front() != '/') return Error{"the path does not start with /"};
  const char* refusal = read_path(path, fold, out);
  if (refusal == nullptr) return {};
  out.clear();
  return path_error(refusal);
}

Result<DecodedPath> decode_path(std::string_view path, bool fold) {
  DecodedPath out;
  const Result<void> read = decode_path(path, fold, out);
  if (!read) return read.error();
  return out;
}

Result<void> decode_query(std::string_view query, bool fold, DecodedQuery& out) {
  out.clear();
  const char* refusal = read_query(query, fold, out);
  if (refusal == nullptr) return {};
  out.clear();
  return query_error(refusal);
}

Result<DecodedQuery> decode_query(std::string_view query, bool fold) {
  DecodedQuery out;
  const Result<void> read = decode_query(query, fold, out);
  if (!read) return read.error();
  return out;
}

}  // namespace sluice
