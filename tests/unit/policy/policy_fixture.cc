#include "policy_fixture.h"

#include <gtest/gtest.h>

#include <sstream>

#include "config/rfc3339.h"
#include "policy/review/explain.h"
#include "proxy/cli/review_routing.h"

namespace sluice {

Config policy_test_config() {
  Config config;
  config.file = "sluice.yaml";
  for (const char* name : {"push", "securenvoy"}) {
    ApiConfig& api = config.apis.emplace_back();
    api.name = name;
    api.catalogue = name;
  }
  config.apis[0].hosts = {"push.gate.example"};
  for (const char* name : {"soar", "siem", "admin", "runner"}) config.clients.emplace_back().name = name;
  config.clients[0].groups = {"automation"};
  config.clients[3].groups = {"automation", "batch"};
  return config;
}

std::vector<Catalogue> policy_test_catalogues(const Config& config) {
  Findings findings;
  std::vector<Catalogue> catalogues;
  for (const ApiConfig& api : config.apis) {
    auto catalogue = load_catalogue(api.catalogue, api.name, {}, findings);
    for (const Finding& finding : findings.all()) ADD_FAILURE() << to_text(finding);
    catalogues.push_back(catalogue.value_or(Catalogue{}));
  }
  return catalogues;
}

PolicyUnderTest::PolicyUnderTest(const std::string& policy_text) {
  engine = Engine::compile(policy_text, "policy.yaml", config, policy_test_catalogues(config), findings);
}

std::string PolicyUnderTest::finding_texts() const {
  std::string all;
  for (const Finding& finding : findings.all()) all += to_text(finding) + "\n";
  return all;
}

ReviewRequest PolicyUnderTest::request(const std::string& line, const std::string& body) const {
  std::istringstream words(line);
  std::string client, target;
  ReviewRequest request;
  words >> client >> request.method >> target;
  request.client = find_client(config, client).value();
  request.body = body;
  request.source = *parse_ip("127.0.0.1");
  request.at = *parse_rfc3339("2026-01-07T12:00:00Z");  // a Wednesday
  route_request(config, target, request);
  return request;
}

Decision PolicyUnderTest::decide(const ReviewRequest& request) const {
  return sluice::decide(*engine, request);
}

std::string summary(const Decision& decision) {
  std::string text(to_text(decision.outcome));
  if (decision.outcome == Outcome::kRefuse) {
    return text + " " + std::to_string(decision.refusal.status) + " " + std::string(decision.refusal.type);
  }
  text += " [";
  for (std::string_view rule : decision.rules) text += (text.back() == '[' ? "" : ", ") + std::string(rule);
  return text + "]";
}

}  // namespace sluice
