// A target, path and query: what is accepted has one reading, however often a server decodes it, and folding
// is final.
#include <algorithm>

#include "policy/path.h"
#include "policy/unicode.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

std::string encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

int digit_of(char c) {
  const size_t at = std::string_view("0123456789abcdefABCDEF").find(c);
  if (at == std::string_view::npos) return -1;
  return static_cast<int>(at < 16 ? at : at - 6);
}

// As the most lenient server would: what is no sequence stays.
std::string decode_leniently(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool sequence =
        text[i] == '%' && i + 2 < text.size() && digit_of(text[i + 1]) >= 0 && digit_of(text[i + 2]) >= 0;
    if (!sequence) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
    i += 2;
  }
  return out;
}

void check_segment(std::string_view segment) {
  for (const char c : segment) {
    const auto octet = static_cast<unsigned char>(c);
    require(octet >= 0x20 && octet != 0x7f, "a segment holds no control character");
    require(c != '/' && c != '\\' && c != '?' && c != '#', "a segment holds no mark of a path");
  }
  const std::string_view name = segment.substr(0, segment.find(';'));
  require(name != "." && name != "..", "a segment is no dot segment");
  require(is_valid_utf8(segment), "a segment is UTF-8");
}

void check_every_level(std::string segment) {
  for (size_t left = segment.size() + 1;; --left) {
    require(left > 0, "decoding comes to an end");
    check_segment(segment);
    std::string next = decode_leniently(segment);
    if (next == segment) return;
    segment = std::move(next);
  }
}

void check_folded(std::string_view text, std::string_view folded) {
  require(fold_case(text) == folded, "folding gives one text");
  require(fold_case(folded) == folded, "folding twice changes nothing");
  require(text.empty() == folded.empty(), "folding leaves something");
}

void check_path(std::string_view path) {
  const Result<DecodedPath> plain = decode_path(path, false);
  const Result<DecodedPath> folded = decode_path(path, true);
  require(plain.ok() == folded.ok(), "folding does not decide whether a path is accepted");
  if (!plain) return require(!plain.error().message.empty(), "a refusal says why");
  require(plain->segments == folded->segments && plain->folded.empty(),
          "folding leaves the decoded text alone");
  require(folded->folded.size() == folded->segments.size(), "every segment is folded");
  require(static_cast<size_t>(std::count(path.begin(), path.end(), '/')) == plain->segments.size(),
          "every slash begins a segment");
  std::string encoded;
  for (size_t i = 0; i < plain->segments.size(); ++i) {
    const std::string_view segment = plain->segments[i];
    require(!segment.empty() || i + 1 == plain->segments.size(), "only the last segment may be empty");
    check_every_level(std::string(segment));
    check_folded(segment, folded->folded[i]);
    check_segment(folded->folded[i]);
    encoded += "/" + encode(segment);
  }
  for (const std::string_view segment : plain->lenient) {
    require(!segment.empty(), "a lenient reading leaves something of every segment");
    check_every_level(std::string(segment));
  }
  require(plain->lenient == folded->lenient, "folding leaves the lenient reading alone");
  const Result<DecodedPath> again = decode_path(encoded, false);
  require(again.ok() && again->segments == plain->segments, "what was decoded can be encoded");
}

void check_query(std::string_view query) {
  const auto plain = decode_query(query, false);
  const auto folded = decode_query(query, true);
  require(plain.ok() == folded.ok(), "folding does not decide whether a query is accepted");
  if (!plain) return require(!plain.error().message.empty(), "a refusal says why");
  const std::vector<QueryParameter>& pairs = plain->parameters;
  require(pairs.size() == folded->parameters.size(), "folding leaves as many parameters");
  std::string encoded;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const QueryParameter& parameter = pairs[i];
    require(is_valid_utf8(parameter.name) && is_valid_utf8(parameter.value), "a parameter is UTF-8");
    require(parameter.name.find('\0') == std::string::npos, "a name holds no NUL");
    require(parameter.value == folded->parameters[i].value, "a value is not folded");
    check_folded(parameter.name, folded->parameters[i].name);
    encoded += (i == 0 ? "" : "&") + encode(parameter.name) + "=" + encode(parameter.value);
  }
  const auto again = decode_query(encoded, false);
  require(again.ok() && again->parameters.size() == pairs.size(), "what was decoded can be encoded");
  for (size_t i = 0; i < pairs.size(); ++i) {
    require(again->parameters[i].name == pairs[i].name && again->parameters[i].value == pairs[i].value,
            "a parameter comes back");
  }
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view target = sluice::text_of(data, size);
  const size_t question = std::min(target.find('?'), target.size());
  sluice::check_path(target.substr(0, question));
  sluice::check_query(target.substr(std::min(question + 1, target.size())));
  return 0;
}
