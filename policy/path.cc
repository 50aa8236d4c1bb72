#include "policy/path.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "config/ascii.h"
#include "policy/query_names.h"
#include "policy/segment.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

// What an octet of a target means before decoding.
enum Octet : uint8_t {
  kPlain = 0,
  kSlash = 1,
  kQuestion = 2,
  kAmpersand = 4,
  kPercent = 8,
  kPlus = 16,
  kRefused = 32,  // refuse_raw() says why
  kCuts = 64,     // where some servers end a segment or a parameter
};

constexpr std::array<uint8_t, 256> kOctets = [] {
  std::array<uint8_t, 256> octets{};
  for (unsigned c = 0; c < 256; ++c) octets[c] = c > 0x20 && c < 0x7f ? kPlain : kRefused;
  octets['\\'] = octets['#'] = kRefused;
  octets['/'] = kSlash;
  octets['?'] = kQuestion;
  octets['&'] = kAmpersand;
  octets['%'] = kPercent;
  octets['+'] = kPlus;
  octets[';'] = octets[':'] = kCuts;
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

Error path_error(std::string_view what) { return {"the path holds " + std::string(what)}; }
Error query_error(std::string_view what) { return {"the query holds " + std::string(what)}; }

// Decodes a segment that holds a %, in place of the view. The refusal, or nullptr.
const char* decode_segment(TextStore& texts, std::string_view& segment) {
  std::string& decoded = texts.next();
  if (has_percent_u(segment)) return "a %uXXXX sequence";
  if (!decode_once(segment, false, decoded)) return "a % that two hex digits do not follow";
  segment = decoded;
  return refuse_segment(decoded);
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

// `encoded`: the query holds a % or a +.
const char* decode_pair(TextStore& texts, bool encoded, bool fold, QueryParameter& pair) {
  if (encoded) {
    if (const char* refusal = decode_query_part(texts, pair.name)) return refusal;
    if (const char* refusal = decode_query_part(texts, pair.value)) return refusal;
    if (pair.name.find('\0') != std::string_view::npos) return "an encoded NUL in a name";
    if (has_percent_sequence(pair.name)) return "a name that is encoded twice";
    pair.doubtful = pair.doubtful || has_percent_sequence(pair.value);
  }
  if (has_unsettled_case(pair.name)) return "a name that can be case-folded in two ways";
  if (fold && !fold_view(texts, pair.name)) return "a name that cannot be case-folded";
  return names_method_override(pair.name) ? "a parameter that overrides the method" : nullptr;
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

void add_pair(std::string_view pair, bool doubtful, std::vector<QueryParameter>& pairs) {
  const size_t equals = std::min(pair.find('='), pair.size());
  pairs.push_back({pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())), doubtful});
}

// Appends what stands between the ampersands, each cut at its first =. Every kind of octet seen.
unsigned split_query(std::string_view query, std::vector<QueryParameter>& pairs) {
  unsigned seen = kPlain;
  const char* start = query.data();
  const auto add_until = [&pairs, &start, &seen](const char* end) {
    const std::string_view pair(start, end);
    size_t semicolon = (seen & kCuts) != 0 ? pair.find(';') : std::string_view::npos;
    if (!pair.empty()) add_pair(pair, semicolon != std::string_view::npos, pairs);
    while (semicolon != std::string_view::npos) {
      const size_t next = pair.find(';', semicolon + 1);
      add_pair(pair.substr(semicolon + 1, next - semicolon - 1), true, pairs);
      semicolon = next;
    }
  };
  const char* const end = query.data() + query.size();
  for (const char* at = skip_plain(start, end); at != end; at = skip_plain(at + 1, end)) {
    const uint8_t octet = octet_of(*at);
    seen |= octet;
    if (octet != kAmpersand) continue;
    add_until(at);
    start = at + 1;
  }
  add_until(end);
  return seen;
}

// The second reading, where there is one. The refusal, or nullptr.
const char* read_path_leniently(DecodedPath& path) {
  const size_t count = path.segments.size() - (path.segments.back().empty() ? 1 : 0);
  for (size_t i = 0; i < count; ++i) {
    std::string& text = path.texts.next();
    if (const char* refusal = read_leniently(path.segments[i], i + 1 == count, text)) return refusal;
    path.lenient.emplace_back(text);
  }
  if (path.lenient == path.segments) path.lenient.clear();
  return nullptr;
}

// The refusal, or nullptr.
const char* read_path(std::string_view path, bool fold, DecodedPath& out) {
  const unsigned seen = split_path(path, out.segments);
  if ((seen & kRefused) != 0) return refuse_raw(path);
  if ((seen & kQuestion) != 0) return "a ?";
  bool dotted = false;
  for (std::string_view& segment : out.segments) {
    if (segment.empty()) {
      if (&segment != &out.segments.back()) return "repeated slashes";
      continue;
    }
    if ((seen & kPercent) != 0 && segment.find('%') != std::string_view::npos) {
      if (const char* refusal = decode_segment(out.texts, segment)) return refusal;
    } else if (segment.front() == '.' && is_dot_segment(segment)) {
      return "a dot segment";
    }
    dotted = dotted || segment.back() == '.';
  }
  const std::string_view last = out.segments.back();
  const bool may_differ =
      (seen & (kPercent | kCuts)) != 0 || dotted || last.empty() || last.find('.') != std::string_view::npos;
  if (may_differ) {
    if (const char* refusal = read_path_leniently(out)) return refusal;
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
  const bool encoded = (seen & (kPercent | kPlus)) != 0;
  for (QueryParameter& pair : out.parameters) {
    if (const char* refusal = decode_pair(out.texts, encoded, fold, pair)) return refusal;
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
