// What the tests of the policy share: a fixed configuration, the built-in catalogues, and requests as one
// line.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config_reader.h"
#include "policy/engine.h"
#include "policy/review/review_request.h"

namespace sluice {

// Clients soar and runner (group automation), siem and admin; APIs push and securenvoy, the second
// case-insensitive.
Config policy_test_config();
std::vector<Catalogue> policy_test_catalogues(const Config& config);

// A compiled policy and its configuration.
struct PolicyUnderTest {
  explicit PolicyUnderTest(const std::string& policy_text);

  Config config = policy_test_config();
  Findings findings;
  std::unique_ptr<const Engine> engine;  // null: see findings

  std::string finding_texts() const;
  // "soar GET /push/v1/employees?limit=5"
  ReviewRequest request(const std::string& line, const std::string& body = "") const;
  Decision decide(const ReviewRequest& request) const;
  Decision decide(const std::string& line, const std::string& body = "") const {
    return decide(request(line, body));
  }
};

// "allow", "deny", "refuse 400 malformed-request", each followed by the ids that decide: "deny [merge-cap]".
std::string summary(const Decision& decision);

}  // namespace sluice
