#include "proxy/gate/access_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "proxy/log.h"

namespace sluice {
namespace {

AuditRecord a_record() {
  AuditRecord record;
  record.request_id = "0190b0c1-1e5e-7d0a-9b1c-0123456789ab";
  record.trace_id = "0190b0c11e5e7d0a9b1c0123456789ab";
  record.client = "soar";
  record.source_ip = "10.2.3.4";
  record.api = "push";
  record.operation = "push.employees.merge";
  record.method = "POST";
  record.path = "/v1/employees/e1/merge";
  record.decision = "allow";
  record.rules = {"a", "b"};
  record.status = 200;
  record.upstream_status = 200;
  record.body_bytes = 64;
  record.bytes_out = 512;
  record.attempts = 1;
  record.queued_ms = 120;
  record.upstream_ms = 85;
  record.key = "full";
  return record;
}

class AccessLine : public testing::Test {
 protected:
  ~AccessLine() override { configure_log({}); }
  static std::string line_of(const AuditRecord& record, LogFormat format = LogFormat::kJson) {
    configure_log({format, LogLevel::kInfo, true});
    testing::internal::CaptureStderr();
    log_access(record, std::chrono::milliseconds(206));
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(AccessLine, SaysWhatBecameOfARequest) {
  auto json = nlohmann::json::parse(line_of(a_record()));
  json.erase("time");
  EXPECT_EQ(json, nlohmann::json::parse(R"({"level": "info", "message": "request",
      "request_id": "0190b0c1-1e5e-7d0a-9b1c-0123456789ab", "trace_id": "0190b0c11e5e7d0a9b1c0123456789ab", "client": "soar",
      "source_ip": "10.2.3.4", "api": "push", "operation": "push.employees.merge", "method": "POST",
      "path": "/v1/employees/e1/merge", "decision": "allow", "rules": ["a", "b"], "status": 200, "upstream_status": 200,
      "bytes_in": 64, "bytes_out": 512, "attempts": 1, "queued_ms": 120, "upstream_ms": 85, "total_ms": 206, "key": "full"})"));
}

TEST_F(AccessLine, LeavesOutWhatThereIsNot) {
  AuditRecord record;
  record.request_id = "0190b0c1-1e5e-7d0a-9b1c-0123456789ab";
  record.source_ip = "10.2.3.4";
  auto json = nlohmann::json::parse(line_of(record));
  json.erase("time");
  EXPECT_EQ(json, nlohmann::json::parse(R"({"level": "info", "message": "request", "source_ip": "10.2.3.4",
      "request_id": "0190b0c1-1e5e-7d0a-9b1c-0123456789ab", "attempts": 0, "total_ms": 206})"));
}

TEST_F(AccessLine, IsTextWithItsListsInOneField) {
  const std::string line = line_of(a_record(), LogFormat::kText);
  EXPECT_NE(line.find(" info request request_id=0190b0c1-"), std::string::npos) << line;
  EXPECT_NE(line.find(" rules=a,b status=200 "), std::string::npos) << line;
  EXPECT_TRUE(line.ends_with(" total_ms=206 key=full\n")) << line;
}

TEST_F(AccessLine, CutsWhatACallerMadeLong) {
  AuditRecord record = a_record();
  record.path = "/" + std::string(100'000, 'p');
  record.reason = std::string(100'000, 'r');
  const auto json = nlohmann::json::parse(line_of(record));
  EXPECT_EQ(json["path"].get<std::string>().size(), kMostPath);
  EXPECT_EQ(json["reason"].get<std::string>().size(), kMostReason);
}

TEST_F(AccessLine, IsOneLineWhateverACallerSends) {
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    AuditRecord record = a_record();
    record.path = record.method = record.reason = "/a\nb\r\x1b[2J\x7f\xc2\x85\xe2\x80\xa8\xff\"\\ status=500";
    const std::string line = line_of(record, format);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    for (const char c : line.substr(0, line.size() - 1)) EXPECT_TRUE(c >= ' ' && c <= '~');
    if (format == LogFormat::kJson) {
      EXPECT_EQ(nlohmann::json::parse(line)["status"], 200);
    }
  }
}

}  // namespace
}  // namespace sluice
