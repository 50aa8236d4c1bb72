// policy_test_reader: files of policy tests (interface 3). Reports every mistake at its place, with the
// nearest known name: unknown keys, clients, APIs and rules, bad addresses and times, a body given twice.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/finding.h"
#include "policy/review/policy_test.h"

namespace sluice {

struct TestFile {
  std::string config;  // path, as seen from the working directory
  Position config_at;
  std::string policy;  // empty: the one that the configuration names
  Position policy_at;
  Value document;

  const Value* tests() const { return document.find("tests"); }  // may be null
};

// nullopt when a finding is an error. The tests themselves are read by read_policy_tests().
std::optional<TestFile> read_test_file(const std::string& path, Findings& findings);

// Sets the request's api, path and query from a target, as the gate does; its headers are set already.
using RouteRequest = void (*)(const Config& config, std::string_view target, ReviewRequest& request);

struct TestContext {
  const Config& config;
  const Engine& engine;
  RouteRequest route;
};

// Hands over each test that is free of errors, one after the other: their bodies may be large.
void read_policy_tests(const Value& tests, const TestContext& context, Findings& findings,
                       const std::function<void(const PolicyTest&)>& take);

// The time of a request that names none: a Wednesday at noon, so that a test says the same whenever it runs.
constexpr std::string_view kTimeOfTests = "2026-01-07T12:00:00Z";

}  // namespace sluice
