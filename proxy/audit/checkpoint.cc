#include "proxy/audit/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "config/ascii.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr std::string_view kPrefix = "sluice/";
constexpr std::string_view kHead = "/chain-head";
constexpr std::string_view kRemoved = "/removed";
constexpr size_t kMostOctets = 1024;

// The octets of hexadecimal digits. Requires: an even number of them.
std::string octets_of(std::string_view digits) {
  std::string octets;
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    octets += static_cast<char>(hex_value(digits[i]) * 16 + hex_value(digits[i + 1]));
  return octets;
}

// Exactly `count` lines, each with its newline.
std::optional<std::vector<std::string_view>> split(std::string_view text, size_t count) {
  std::vector<std::string_view> lines;
  if (text.size() > kMostOctets) return std::nullopt;
  while (!text.empty() && lines.size() < count) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (lines.size() != count || !text.empty()) return std::nullopt;
  return lines;
}

std::optional<std::string> spool_id_of(std::string_view origin, std::string_view kind) {
  if (!origin.starts_with(kPrefix) || !origin.ends_with(kind)) return std::nullopt;
  if (origin.size() <= kPrefix.size() + kind.size()) return std::nullopt;
  return std::string(origin.substr(kPrefix.size(), origin.size() - kPrefix.size() - kind.size()));
}

// Decimal, without leading zeros.
std::optional<uint64_t> number_of(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || std::to_string(value) != text) return std::nullopt;
  return value;
}

}  // namespace

std::string checkpoint_key_name(std::string_view spool_id) {
  return std::string(kPrefix).append(spool_id).append(kHead);
}

std::string to_text(const Checkpoint& checkpoint) {
  return checkpoint_key_name(checkpoint.spool_id) + '\n' + std::to_string(checkpoint.head.sequence) + '\n' +
         base64_encode(octets_of(checkpoint.head.hash)) + '\n' + checkpoint.time + '\n';
}

std::string to_text(const Removal& removal) {
  return std::string(kPrefix).append(removal.spool_id).append(kRemoved) + '\n' +
         std::to_string(removal.through) + '\n' + removal.time + '\n';
}

std::optional<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto lines = split(text, 4);
  if (!lines) return std::nullopt;
  const auto id = spool_id_of((*lines)[0], kHead);
  const auto sequence = number_of((*lines)[1]);
  const auto hash = base64_decode((*lines)[2]);
  if (!id || !sequence || !hash || hash->size() != std::tuple_size_v<Sha256>) return std::nullopt;
  return Checkpoint{*id, {*sequence, hex(*hash)}, std::string((*lines)[3])};
}

std::optional<Removal> parse_removal(std::string_view text) {
  const auto lines = split(text, 3);
  if (!lines) return std::nullopt;
  const auto id = spool_id_of((*lines)[0], kRemoved);
  const auto through = number_of((*lines)[1]);
  if (!id || !through) return std::nullopt;
  return Removal{*id, *through, std::string((*lines)[2])};
}

}  // namespace sluice
