// What the tests of the webhooks' formats share: events as the spool keeps them, made by the chain itself.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "proxy/audit/chain.h"
#include "proxy/audit/formats/event_format.h"

namespace sluice {

using Json = nlohmann::ordered_json;

constexpr const char* kEventId = "0190163d-8694-739b-aea5-966c26f8ad91";
constexpr int64_t kEventTimeMs = 1'700'000'000'007;  // 2023-11-14T22:13:20.007Z

// Everything that a text of a caller may hold that breaks quoting, lines or markup; what was not UTF-8 is
// U+FFFD already.
inline const std::string kHostile =
    "a\"b\\c\n<!channel> & `*x*` \xE2\x80\xA8 \xE2\x80\xAE http://x.example \xEF\xBF\xBD";

inline AuditRecord merge_record(AuditType type) {
  AuditRecord record;
  record.type = type;
  record.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(kEventTimeMs));
  record.request_id = "0190163d-0000-7000-8000-000000000001";
  record.client = "soar";
  record.source_ip = "10.2.3.4";
  record.api = "push";
  record.operation = "push.employees.merge";
  record.access = "write";
  record.tags = {"irreversible", "bulk"};
  record.method = "POST";
  record.path = "/v1/employees/e1/merge";
  record.params = {{"id", "e1"}};
  record.targets = {"a", "b"};
  record.decision = type == AuditType::kRequestDenied ? "deny" : "allow";
  record.rules = {"merge-cap"};
  record.policy_sha256 = std::string(64, 'c');
  record.body_sha256 = std::array<uint8_t, 32>{0xAB};
  record.body_bytes = 64;
  if (type == AuditType::kRequestForwarded) {
    record.key = "full";
    record.queued_ms = 120;
    record.upstream_status = 200;
    record.upstream_ms = 85;
    record.attempts = 1;
    record.bytes_out = 512;
  }
  if (type == AuditType::kRequestDenied) {
    record.reason = "At most two employees may be merged at once.";
    record.status = 403;
  }
  return record;
}

inline StoredEvent store(const AuditRecord& record, uint64_t sequence = 1042) {
  ChainWriter chain("/sluice/gate-1", ChainHead{sequence - 1, std::string(64, 'a')});
  return chain.append(record, kEventId);
}

inline StoredEvent merge_event(AuditType type) { return store(merge_record(type)); }

// An event that names nobody and no operation: refused before anything of it was understood.
inline StoredEvent bare_event(AuditType type) {
  AuditRecord record;
  record.type = type;
  record.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(kEventTimeMs));
  return store(record);
}

inline std::string written(WebhookFormat format, const std::vector<StoredEvent>& events) {
  return make_event_format(format)->write(events);
}
// The one JSON document of a delivery.
inline Json written_json(WebhookFormat format, const std::vector<StoredEvent>& events) {
  return Json::parse(written(format, events));
}

inline HttpResult answered(int status, std::string body = {}) {
  HttpResult result;
  result.status = status;
  result.body = std::move(body);
  return result;
}

inline HttpResult unanswered() {
  HttpResult result;
  result.error = "connection refused";
  return result;
}

}  // namespace sluice
