#include "proxy/admin/latest_denials.h"

#include <algorithm>

#include "proxy/audit/event.h"

namespace sluice {
namespace {

constexpr size_t kMostPath = 512;
constexpr size_t kMostReason = 512;
constexpr size_t kMostName = 128;  // of what the configuration or a catalogue names, and of a method
constexpr size_t kMostRules = 16;
constexpr std::string_view kCutMark = "\xE2\x80\xA6";  // U+2026

const char* name_of(AuditType type) {
  if (type == AuditType::kRequestDenied) return "denied";
  if (type == AuditType::kRequestRefused) return "refused";
  return type == AuditType::kRequestFailed ? "failed" : nullptr;
}

template <size_t N>
void write_text(JsonText& out, const char (&name)[N], std::string_view text, size_t most) {
  out.literal(name);
  if (text.empty()) return out.literal("null");
  if (text.size() <= most) return out.string(text);
  out.string(cut_text(text, most));
}

void write_rules(JsonText& out, const std::vector<std::string>& rules) {
  out.literal(R"(,"rules":[)");
  for (size_t i = 0; i < std::min(rules.size(), kMostRules); ++i) {
    if (i > 0) out.literal(",");
    out.string(cut_text(rules[i], kMostName));
  }
  out.literal("]}");
}

void write_entry(JsonText& out, const AuditRecord& record, uint64_t id) {
  out.literal(R"({"id":)");
  out.number(id);
  out.literal(R"(,"time":)");
  out.plain_string(format_time(record.time));
  out.literal(R"(,"type":)");
  out.plain_string(name_of(record.type));
  write_text(out, R"(,"request_id":)", record.request_id, kMostName);
  write_text(out, R"(,"client":)", record.client, kMostName);
  write_text(out, R"(,"source_ip":)", record.source_ip, kMostName);
  write_text(out, R"(,"api":)", record.api, kMostName);
  write_text(out, R"(,"operation":)", record.operation, kMostName);
  write_text(out, R"(,"method":)", record.method, kMostName);
  write_text(out, R"(,"path":)", record.path, kMostPath);
  out.literal(R"(,"status":)");
  if (record.status) {
    out.number(static_cast<int64_t>(*record.status));
  } else {
    out.literal("null");
  }
  write_text(out, R"(,"reason":)", record.reason, kMostReason);
  write_rules(out, record.rules);
}

}  // namespace

std::string cut_text(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  const auto continues = [&text](size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
  size_t end = most;
  while (end > 0 && most - end < 3 && continues(end)) --end;  // RFC 3629: at most three follow
  if (continues(end)) end = most;                             // not UTF-8
  return std::string(text.substr(0, end)).append(kCutMark);
}

LatestDenials::LatestDenials(int64_t start_ms) : next_id_(static_cast<uint64_t>(start_ms) * 1'000) {}

void LatestDenials::add(const AuditRecord& record) {
  if (name_of(record.type) == nullptr) return;
  const std::lock_guard lock(mutex_);
  Ring& ring = record.type == AuditType::kRequestDenied ? denied_ : others_;
  Denial& entry = ring.entries[ring.next];
  ring.next = (ring.next + 1) % kMost;
  entry.id = ++next_id_;
  scratch_.clear();
  write_entry(scratch_, record, entry.id);
  entry.json = scratch_.view();
  newest_.store(entry.id, std::memory_order_relaxed);
}

std::vector<Denial> LatestDenials::after(uint64_t id) const {
  std::vector<Denial> found;
  if (id >= newest()) return found;
  const std::lock_guard lock(mutex_);
  for (const Ring* ring : {&denied_, &others_})
    for (const Denial& entry : ring->entries)
      if (entry.id > id) found.push_back(entry);
  std::sort(found.begin(), found.end(), [](const Denial& a, const Denial& b) { return a.id < b.id; });
  return found;
}

}  // namespace sluice
