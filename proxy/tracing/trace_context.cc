#include "proxy/tracing/trace_context.h"

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

constexpr size_t kVersion0Size = 55;
constexpr size_t kMostMembers = 32;    // of a tracestate (3.3.1.1)
constexpr size_t kLongestState = 512;  // that has to be passed on (3.3.1.5)
constexpr size_t kLongestKey = 256;
constexpr size_t kLongestValue = 256;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool is_hex(std::string_view text) { return std::all_of(text.begin(), text.end(), is_lower_hex); }

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

uint64_t number_of(std::string_view digits) {
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

bool is_key_char(char c) {
  return is_lower(c) || is_digit(c) || std::string_view("_-*/").find(c) != std::string_view::npos;
}

// 3.3.1.3.1: a simple key, or TENANT@SYSTEM.
bool is_state_key(std::string_view key) {
  const size_t at = key.find('@');
  const auto is_plain = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_key_char);
  };
  if (at == std::string_view::npos) return key.size() <= kLongestKey && is_plain(key) && is_lower(key[0]);
  const std::string_view tenant = key.substr(0, at), system = key.substr(at + 1);
  return tenant.size() <= 241 && system.size() <= 14 && is_plain(tenant) && is_plain(system) &&
         is_lower(system[0]);
}

// 3.3.1.3.2
bool is_state_value(std::string_view value) {
  return !value.empty() && value.size() <= kLongestValue && value.back() != ' ' &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Appends the members of one field. False: it is no tracestate.
bool add_members(std::string_view value, std::vector<std::string_view>& keys, std::string& out) {
  while (true) {
    const size_t comma = value.find(',');
    const std::string_view member = trim(value.substr(0, comma));
    if (!member.empty()) {
      const size_t equals = member.find('=');
      if (equals == std::string_view::npos) return false;
      const std::string_view key = member.substr(0, equals);
      if (!is_state_key(key) || !is_state_value(member.substr(equals + 1))) return false;
      if (std::find(keys.begin(), keys.end(), key) != keys.end()) return false;
      keys.push_back(key);
      if (keys.size() > kMostMembers || out.size() + 1 + member.size() > kLongestState) return false;
      if (!out.empty()) out += ',';
      out += member;
    }
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

// Mixes all bits (splitmix64, Steele, Lea and Flood 2014).
uint64_t mixed(uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view value) {
  if (value.size() < kVersion0Size) return std::nullopt;
  const std::string_view version = value.substr(0, 2), flags = value.substr(53, 2);
  TraceParent parent{value.substr(3, 32), value.substr(36, 16), false};
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  if (!is_hex(version) || !is_hex(parent.trace_id) || !is_hex(parent.parent_id) || !is_hex(flags) ||
      version == "ff" || is_zero(parent.trace_id) || is_zero(parent.parent_id))
    return std::nullopt;
  if (value.size() > kVersion0Size && (version == "00" || value[kVersion0Size] != '-')) return std::nullopt;
  parent.sampled = (number_of(flags) & 1) != 0;
  return parent;
}

std::optional<TraceParent> find_traceparent(const std::vector<HeaderField>& fields) {
  const HeaderField* found = nullptr;
  for (const HeaderField& field : fields) {
    if (field.id != HeaderId::kTraceparent) continue;
    if (found != nullptr) return std::nullopt;
    found = &field;
  }
  return found == nullptr ? std::nullopt : parse_traceparent(found->value);
}

std::string find_tracestate(const std::vector<HeaderField>& fields) {
  std::vector<std::string_view> keys;
  std::string state;
  for (const HeaderField& field : fields)
    if (field.id == HeaderId::kTracestate && !add_members(field.value, keys, state)) return {};
  return state;
}

void assign_trace_id(std::string& out, std::string_view request_id) {
  out.clear();
  for (const char c : request_id)
    if (c != '-') out += c;
}

std::array<char, 16> span_id(std::string_view request_id, unsigned number) {
  constexpr char kDigits[] = "0123456789abcdef";
  // The last 64 bits of a UUID: 4 digits, a hyphen, 12 digits.
  const std::string_view end = request_id.substr(request_id.size() - 17);
  const uint64_t random = (number_of(end.substr(0, 4)) << 48) | number_of(end.substr(5));
  uint64_t bits = mixed(random + number * 0x9E3779B97F4A7C15);
  if (bits == 0) bits = 1;  // which would be none
  std::array<char, 16> id;
  for (size_t i = id.size(); i-- > 0; bits >>= 4) id[i] = kDigits[bits & 15];
  return id;
}

bool is_sampled(std::string_view trace_id, double part) {
  constexpr double kAll = 72'057'594'037'927'936.0;  // 2^56
  const auto below = static_cast<uint64_t>((1 - part) * kAll);
  return number_of(trace_id.substr(trace_id.size() - 14)) >= below && part > 0;
}

void append_traceparent(std::string& out, std::string_view trace_id, std::string_view parent_id,
                        bool sampled) {
  out.append("traceparent: 00-").append(trace_id).append("-").append(parent_id);
  out.append(sampled ? "-01\r\n" : "-00\r\n");
}

}  // namespace sluice
