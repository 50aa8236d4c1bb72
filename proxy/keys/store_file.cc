#include "proxy/keys/store_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "config/config_parts.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "sluice sealed keys";
constexpr uint64_t kVersion = 1;

Error damaged() { return {"it was changed or damaged after it was written: put back a copy of it"}; }

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

// nullptr when there is no such key.
const Json* at(const Json& map, const char* key) {
  const auto found = map.is_object() ? map.find(key) : map.end();
  return found == map.end() ? nullptr : &*found;
}

std::optional<std::string> text_at(const Json& map, const char* key) {
  const Json* value = at(map, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::optional<uint32_t> number_at(const Json& map, const char* key) {
  const Json* value = at(map, key);
  if (value == nullptr || !value->is_number_unsigned() || value->get<uint64_t>() > UINT32_MAX)
    return std::nullopt;
  return value->get<uint32_t>();
}

// Octets in base64, `exactly` so many of them unless that is 0.
std::optional<std::string> octets_at(const Json& map, const char* key, size_t exactly) {
  const auto text = text_at(map, key);
  auto octets = text ? base64_decode(*text) : std::nullopt;
  if (!octets || (exactly != 0 && octets->size() != exactly)) return std::nullopt;
  return octets;
}

std::optional<std::string> digest_at(const Json& map, const char* key) {
  const auto text = text_at(map, key);
  if (!text || text->size() != 2 * kDigestOctets) return std::nullopt;
  std::string octets;
  for (size_t i = 0; i < text->size(); i += 2) {
    const std::string pair = text->substr(i, 2);
    if (pair.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
    octets += static_cast<char>(std::stoi(pair, nullptr, 16));
  }
  return octets;
}

std::optional<SealedEntry> read_entry(const Json& json) {
  auto name = text_at(json, "name");
  auto nonce = octets_at(json, "nonce", kGcmNonceOctets);
  auto sealed = octets_at(json, "sealed", 0);
  if (!name || !is_name(*name) || !nonce || !sealed || sealed->size() <= kGcmTagOctets) return std::nullopt;
  return SealedEntry{std::move(*name), std::move(*nonce), std::move(*sealed)};
}

std::optional<std::vector<SealedEntry>> read_entries(const Json* json) {
  if (json == nullptr || !json->is_array() || json->size() > kMostSealedKeys) return std::nullopt;
  std::vector<SealedEntry> entries;
  std::set<std::string> names;
  for (const Json& item : *json) {
    auto entry = read_entry(item);
    if (!entry || !names.insert(entry->name).second) return std::nullopt;
    entries.push_back(std::move(*entry));
  }
  return entries;
}

bool is_within(const ScryptCost& cost) {
  const auto between = [](uint32_t low, uint32_t value, uint32_t high) {
    return low <= value && value <= high;
  };
  return between(kSmallestCost.log2_n, cost.log2_n, kLargestCost.log2_n) &&
         between(kSmallestCost.r, cost.r, kLargestCost.r) && between(kSmallestCost.p, cost.p, kLargestCost.p);
}

std::optional<StoreFile> read_fields(const Json& json) {
  const Json* scrypt = at(json, "scrypt");
  if (scrypt == nullptr) return std::nullopt;
  const auto log2_n = number_at(*scrypt, "log2_n");
  const auto r = number_at(*scrypt, "r");
  const auto p = number_at(*scrypt, "p");
  auto salt = octets_at(*scrypt, "salt", kSaltOctets);
  auto check = digest_at(json, "check");
  auto entries = read_entries(at(json, "keys"));
  auto mac = digest_at(json, "mac");
  if (!log2_n || !r || !p || !salt || !check || !entries || !mac) return std::nullopt;
  StoreFile file;
  file.cost = {*log2_n, *r, *p};
  file.salt = std::move(*salt);
  file.check = std::move(*check);
  file.entries = std::move(*entries);
  file.mac = std::move(*mac);
  return file;
}

// With the line break and the "mac" behind it, so that nothing of the file is outside.
std::string text_until_sum(const StoreFile& file) {
  return covered_text(file) + "  \"mac\": " + in_quotes(hex(file.mac)) + ",\n";
}

}  // namespace

std::string header_text(const StoreFile& file) {
  const Json scrypt = {{"log2_n", file.cost.log2_n},
                       {"r", file.cost.r},
                       {"p", file.cost.p},
                       {"salt", base64_encode(file.salt)}};
  return "  \"format\": " + in_quotes(kFormat) + ",\n  \"version\": " + std::to_string(kVersion) +
         ",\n  \"scrypt\": " + scrypt.dump() + ",\n";
}

std::string covered_text(const StoreFile& file) {
  std::string text =
      "{\n" + header_text(file) + "  \"check\": " + in_quotes(hex(file.check)) + ",\n  \"keys\": [";
  std::string_view before = "\n    ";
  for (const SealedEntry& entry : file.entries) {
    const Json line = {
        {"name", entry.name}, {"nonce", base64_encode(entry.nonce)}, {"sealed", base64_encode(entry.sealed)}};
    text += before;
    text += line.dump();
    before = ",\n    ";
  }
  return text + "\n  ],\n";
}

std::string to_text(const StoreFile& file) {
  const std::string text = text_until_sum(file);
  return text + "  \"sha256\": " + in_quotes(hex(sha256(text))) + "\n}\n";
}

Result<StoreFile> parse_store(std::string_view text) {
  if (!text.starts_with('{'))
    return Error{"it is no sealed key store: name another file in sealed_keys.path"};
  // Lines of the middle are indented: only the last is a brace alone.
  if (!text.ends_with("\n}\n")) return Error{"it is cut short: put back a copy of it"};
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return damaged();
  if (text_at(json, "format") != kFormat)
    return Error{"it is no sealed key store, or was damaged: put back a copy of it"};
  const auto version = number_at(json, "version");
  if (version && *version > kVersion)
    return Error{"it is of version " + std::to_string(*version) +
                 ", which this sluice does not know: use the sluice that wrote it"};
  auto file = read_fields(json);
  if (!file || to_text(*file) != text) return damaged();
  if (!is_within(file->cost))
    return Error{"its scrypt parameters are outside of what sluice uses (log2_n " +
                 std::to_string(kSmallestCost.log2_n) + " to " + std::to_string(kLargestCost.log2_n) +
                 ", r 8, p 1 to " + std::to_string(kLargestCost.p) + "): put back a copy of it"};
  return *std::move(file);
}

}  // namespace sluice
