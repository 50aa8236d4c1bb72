#include "policy/path.h"

#include <algorithm>
#include <utility>

#include "config/ascii.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

// A segment is unwrapped until nothing is left to decode. Each level strips two octets from every sequence,
// so this ends by itself; the bound only keeps a hostile segment from costing more than its length suggests.
constexpr int kMaxDepth = 16;

// What may not stand raw in a target, whatever it means decoded.
const char* refuse_raw(std::string_view text) {
  const auto is_plain = [](char c) { return is_visible(c) && c != '\\' && c != '#'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) return nullptr;
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

Result<std::string> decode_segment(std::string_view raw) {
  if (raw.find('%') == std::string_view::npos) {
    if (is_dot_segment(raw)) return path_error("a dot segment");
    return std::string(raw);
  }
  std::string decoded;
  if (has_percent_u(raw)) return path_error("a %uXXXX sequence");
  if (!decode_once(raw, false, decoded)) return path_error("a % that two hex digits do not follow");
  if (const char* refusal = refuse_decoded(decoded)) return path_error(refusal);
  std::string level = decoded;
  std::string next;
  for (int depth = 0; unwrap(level, next); ++depth) {
    if (depth == kMaxDepth) return path_error("more levels of percent-encoding than can be told apart");
    if (const char* refusal = refuse_decoded(next)) return path_error(refusal);
    std::swap(level, next);
  }
  return decoded;
}

Result<std::string> decode_query_part(std::string_view raw, bool fold) {
  std::string decoded;
  if (raw.find_first_of("%+") == std::string_view::npos) {
    decoded = raw;
  } else if (!decode_once(raw, true, decoded)) {
    return Error{"the query holds a % that two hex digits do not follow"};
  }
  if (!is_valid_utf8(decoded)) return Error{"the query holds invalid or overlong UTF-8"};
  if (!fold) return decoded;
  std::optional<std::string> folded = fold_case(decoded);
  if (!folded) return Error{"the query holds a name that cannot be case-folded"};
  return std::move(*folded);
}

}  // namespace

Result<DecodedPath> decode_path(std::string_view path, bool fold) {
  if (path.empty() || path.front() != '/') return Error{"the path does not start with /"};
  if (const char* refusal = refuse_raw(path)) return path_error(refusal);
  if (path.find('?') != std::string_view::npos) return path_error("a ?");
  DecodedPath result;
  std::string_view rest = path.substr(1);
  while (true) {
    const size_t slash = rest.find('/');
    const bool last = slash == std::string_view::npos;
    const std::string_view raw = rest.substr(0, slash);
    if (raw.empty() && !last) return path_error("repeated slashes");
    Result<std::string> segment = decode_segment(raw);
    if (!segment) return segment.error();
    result.segments.push_back(std::move(*segment));
    if (last) break;
    rest.remove_prefix(slash + 1);
  }
  if (!fold) return result;
  for (const std::string& segment : result.segments) {
    std::optional<std::string> folded = fold_case(segment);
    if (!folded) return path_error("a segment that cannot be case-folded");
    result.folded.push_back(std::move(*folded));
  }
  return result;
}

Result<std::vector<QueryParameter>> decode_query(std::string_view query, bool fold) {
  if (const char* refusal = refuse_raw(query)) return Error{"the query holds " + std::string(refusal)};
  std::vector<QueryParameter> result;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    Result<std::string> name = decode_query_part(pair.substr(0, equals), fold);
    if (!name) return name.error();
    if (name->find('\0') != std::string::npos) return Error{"the query holds an encoded NUL in a name"};
    Result<std::string> value = decode_query_part(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), false);
    if (!value) return value.error();
    result.push_back({std::move(*name), std::move(*value)});
  }
  return result;
}

}  // namespace sluice
