// test_request_reader: `request` of a policy test. Every problem is a finding at its place.
#pragma once

#include "config/document.h"
#include "config/finding.h"
#include "policy/review/policy_test_reader.h"

namespace sluice {

// `may_be_lost`: the path may name no API; the test is that it is refused.
ReviewRequest read_test_request(const Value& value, const TestContext& context, bool may_be_lost,
                                Findings& findings);

}  // namespace sluice
