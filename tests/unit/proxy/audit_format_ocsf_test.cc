#include <gtest/gtest.h>

#include <map>
#include <set>

#include "proxy/version.h"
#include "tests/unit/proxy/audit_format_fixture.h"

namespace sluice {
namespace {

using Names = std::set<std::string>;

// What the schema of OCSF 1.8.0 says of an object: its members that this format uses, those that are
// required, and of which at least one is.
struct Shape {
  Names known;
  Names required;
  Names at_least_one;
};

// events/application/api_activity.json with events/base_event.json and profiles/security_control.json; the
// objects by the member that holds them.
const std::map<std::string, Shape>& shapes() {
  static const std::map<std::string, Shape> all = {
      {"",
       {{"action",         "action_id", "activity_name", "category_name", "class_name",  "disposition",
         "disposition_id", "duration",  "http_request",  "http_response", "is_alert",    "message",
         "policy",         "resources", "severity",      "status",        "status_code", "status_detail",
         "status_id",      "type_name", "unmapped"},
        {"activity_id", "actor", "api", "category_uid", "class_uid", "metadata", "severity_id",
         "src_endpoint", "time", "type_uid"},
        {}}},
      {"actor", {{}, {}, {"app_name", "app_uid", "invoked_by", "process", "session", "user"}}},
      {"api", {{"request", "service"}, {"operation"}, {}}},
      {"api.request", {{}, {"uid"}, {}}},
      {"api.service", {{}, {}, {"name", "uid"}}},
      {"http_request", {{"body_length", "http_method", "uid", "url"}, {}, {}}},
      {"http_request.url", {{}, {}, {"path", "url_string"}}},
      {"http_response", {{"latency"}, {"code"}, {}}},
      {"metadata",
       {{"correlation_uid", "event_code", "log_name", "log_provider", "original_time", "profiles", "sequence",
         "uid"},
        {"product", "version"},
        {}}},
      {"metadata.product", {{"vendor_name", "version"}, {}, {"name", "uid"}}},
      {"policy", {{}, {}, {"name", "uid"}}},
      {"resources", {{}, {}, {"name", "uid"}}},
      {"src_endpoint", {{}, {}, {"ip", "hostname", "name", "svc_name", "uid"}}},
  };
  return all;
}

void expect_shape(const Json& json, const std::string& place) {
  const auto shape = shapes().find(place);
  if (shape == shapes().end()) {
    ADD_FAILURE() << "no object of the schema: " << place;
    return;
  }
  for (const std::string& name : shape->second.required)
    EXPECT_TRUE(json.contains(name)) << place << " " << name;
  bool one = shape->second.at_least_one.empty();
  for (const auto& [name, value] : json.items()) {
    one = one || shape->second.at_least_one.contains(name);
    EXPECT_TRUE(shape->second.known.contains(name) || shape->second.required.contains(name) ||
                shape->second.at_least_one.contains(name))
        << place << " " << name;
    EXPECT_FALSE(value.is_null() || value == "") << place << " " << name;
    if (name == "unmapped" || name == "profiles") continue;
    const std::string below = place.empty() ? name : place + "." + name;
    if (value.is_object()) expect_shape(value, below);
    if (value.is_array()) {
      for (const Json& item : value) expect_shape(item, below);
    }
  }
  EXPECT_TRUE(one) << place;
}

Json ocsf(const StoredEvent& event) { return written_json(WebhookFormat::kOcsf, {event}); }
Json ocsf(const AuditRecord& record) { return ocsf(store(record)); }

constexpr AuditType kRequests[] = {AuditType::kRequestAttempted, AuditType::kRequestForwarded,
                                   AuditType::kRequestDenied, AuditType::kRequestRefused,
                                   AuditType::kRequestFailed};

TEST(OcsfFormat, HasWhatTheClassRequiresAndNothingThatItDoesNotKnow) {
  for (const AuditType type : kRequests) {
    SCOPED_TRACE(to_text(type));
    for (const StoredEvent& event : {merge_event(type), bare_event(type)}) {
      const Json json = ocsf(event);
      expect_shape(json, "");
      EXPECT_EQ(json["type_uid"], json["class_uid"].get<int>() * 100 + json["activity_id"].get<int>());
    }
  }
}

TEST(OcsfFormat, WritesADenialInFull) {
  const StoredEvent event = merge_event(AuditType::kRequestDenied);
  const Json data = Json::parse(event.body)["data"];
  EXPECT_EQ(
      written(WebhookFormat::kOcsf, {event}),
      R"({"class_uid":6003,"class_name":"API Activity","category_uid":6,"category_name":"Application Activity",)"
      R"("activity_id":3,"activity_name":"Update","type_uid":600303,"type_name":"API Activity: Update",)"
      R"("time":1700000000007,"severity_id":4,"severity":"High","status_id":2,"status":"Failure",)"
      R"("status_detail":"At most two employees may be merged at once.",)"
      R"("message":"push.employees.merge by soar: denied, At most two employees may be merged at once.",)"
      R"("metadata":{"version":"1.8.0","product":{"name":"sluice","vendor_name":"sluice","version":")" +
          std::string(kVersion) +
          R"("},"profiles":["security_control"],"uid":"0190163d-8694-739b-aea5-966c26f8ad91","sequence":1042,)"
          R"("event_code":"request.denied","original_time":"2023-11-14T22:13:20.007Z","log_name":"audit",)"
          R"("log_provider":"gate-1","correlation_uid":"0190163d-0000-7000-8000-000000000001"},)"
          R"("actor":{"app_name":"soar"},"src_endpoint":{"ip":"10.2.3.4"},)"
          R"("api":{"operation":"push.employees.merge","service":{"name":"push"},)"
          R"("request":{"uid":"0190163d-0000-7000-8000-000000000001"}},)"
          R"("http_request":{"http_method":"POST","url":{"path":"/v1/employees/e1/merge"},)"
          R"("uid":"0190163d-0000-7000-8000-000000000001","body_length":64},)"
          R"("http_response":{"code":403},"status_code":"403",)"
          R"("resources":[{"uid":"a"},{"uid":"b"}],"action_id":2,"action":"Denied","disposition_id":2,)"
          R"("disposition":"Blocked","is_alert":true,"policy":{"name":"merge-cap","uid":")" +
          std::string(64, 'c') + R"("},"unmapped":{"sluice":)" + data.dump() + "}}");
}

TEST(OcsfFormat, WritesWhatTheVendorAnswered) {
  const Json json = ocsf(merge_event(AuditType::kRequestForwarded));
  EXPECT_EQ(json["status_id"], 1);
  EXPECT_EQ(json["status_code"], "200");
  EXPECT_EQ(json["severity_id"], 1);
  EXPECT_EQ(json["action_id"], 1);
  EXPECT_EQ(json["disposition_id"], 1);
  EXPECT_EQ(json["is_alert"], false);
  EXPECT_EQ(json["duration"], 205);
  EXPECT_EQ(json["http_response"].dump(), R"({"code":200,"latency":85})");
  EXPECT_EQ(json["unmapped"]["sluice"]["previous"], std::string(64, 'a'));
  AuditRecord record = merge_record(AuditType::kRequestForwarded);
  record.upstream_status = 404;
  EXPECT_EQ(ocsf(record)["status"], "Failure");
}

TEST(OcsfFormat, SaysUnknownOfAWriteWhoseOutcomeIs) {
  AuditRecord record = merge_record(AuditType::kRequestFailed);
  record.attempts = 1;
  EXPECT_EQ(ocsf(record)["status"], "Unknown");
  EXPECT_EQ(ocsf(record)["severity"], "Medium");
  record.access = "read";
  EXPECT_EQ(ocsf(record)["status"], "Failure");
  EXPECT_EQ(ocsf(record)["severity"], "Low");
  record.access = "write";
  record.attempts = 0;
  EXPECT_EQ(ocsf(record)["status"], "Failure");
  EXPECT_EQ(ocsf(merge_event(AuditType::kRequestAttempted))["status"], "Unknown");
}

TEST(OcsfFormat, TakesTheActivityFromAccessMethodAndOperation) {
  struct Case {
    const char* access;
    const char* method;
    const char* operation;
    int activity;
  };
  for (const Case& one :
       {Case{"read", "POST", "push.search.run", 2}, Case{"", "GET", "", 2},
        Case{"write", "DELETE", "push.employees.groups.remove", 4},
        Case{"write", "PUT", "securenvoy.users.update", 3}, Case{"write", "PATCH", "push.apps.update", 3},
        Case{"write", "POST", "securenvoy.groups.create", 1},
        Case{"write", "POST", "securenvoy.groups.assign-users", 3},
        Case{"write", "POST", "x.users.delete-by-name", 4}, Case{"write", "POST", "push.unknown", 99},
        Case{"", "POST", "", 99}, Case{"", "", "", 0}}) {
    AuditRecord record = merge_record(AuditType::kRequestForwarded);
    record.access = one.access;
    record.method = one.method;
    record.operation = one.operation;
    EXPECT_EQ(ocsf(record)["activity_id"], one.activity) << one.method << " " << one.operation;
  }
}

TEST(OcsfFormat, GradesADenialByWhatWasTried) {
  AuditRecord record = merge_record(AuditType::kRequestDenied);
  for (const char* tag : {"irreversible", "destructive", "credential-read", "credential-write"}) {
    record.tags = {"pii", tag};
    EXPECT_EQ(ocsf(record)["severity"], "High") << tag;
    EXPECT_EQ(ocsf(record)["is_alert"], true) << tag;
  }
  record.tags = {"membership"};
  EXPECT_EQ(ocsf(record)["severity"], "Medium");
  EXPECT_EQ(ocsf(record)["is_alert"], false);
  record.type = AuditType::kRequestRefused;
  record.tags = {"irreversible"};
  EXPECT_EQ(ocsf(record)["severity"], "Low");
}

TEST(OcsfFormat, NamesTheClientWhereThereIsNoAddress) {
  AuditRecord record = merge_record(AuditType::kRequestDenied);
  record.source_ip = "unix:/run/sluice.sock";
  EXPECT_EQ(ocsf(record)["src_endpoint"].dump(), R"({"name":"soar"})");
  record.source_ip = "2001:db8::1";
  EXPECT_EQ(ocsf(record)["src_endpoint"].dump(), R"({"ip":"2001:db8::1"})");
  EXPECT_EQ(ocsf(bare_event(AuditType::kRequestRefused))["src_endpoint"].dump(), R"({"name":"unknown"})");
}

TEST(OcsfFormat, KeepsHostileTextsAsTheyAre) {
  AuditRecord record = merge_record(AuditType::kRequestDenied);
  record.path = kHostile + std::string(100'000, 'x');
  const StoredEvent event = store(record);
  EXPECT_EQ(ocsf(event)["http_request"]["url"]["path"], Json::parse(event.body)["data"]["path"]);
}

}  // namespace
}  // namespace sluice
