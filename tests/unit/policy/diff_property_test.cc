// On random pairs of policies: every example of `diff` is decided as it says, and no random request is
// decided differently without being listed. SLUICE_DIFF_PAIRS and SLUICE_DIFF_REQUESTS ask for more of both,
// SLUICE_DIFF_SEED repeats a run.
#include <gtest/gtest.h>

#include <iostream>

#include "policy/compiler.h"
#include "policy/review/diff.h"
#include "policy/review/diff_judge.h"
#include "policy/review/explain.h"
#include "policy_fixture.h"
#include "random_policy.h"

namespace sluice {
namespace {

using namespace random_policy;

// Fields that the naive evaluator does not know.
std::string random_field(Random& random) {
  static const std::vector<std::string> kFields{
      "header: { x-team: red }",
      "header: { x-team: { pattern: \"^r\" } }",
      "header: { x-team: { present: true } }",
      "header: { x-team: { maxLength: 3 } }",
      "header: { x-team: { pattern: \"^[0-9]+$\", maximum: 50 } }",
      "header: { x-team: { minimum: 10 } }",
      "header: { x-team: { type: integer } }",
      "header: { x-team: { enum: [5, red] } }",
      "header: { x-team: { pattern: \"[a-f]{2,3}$\" } }",
      "source: 10.0.0.0/8",
      "source: [10.1.0.0/16, 127.0.0.0/8]",
      "source: \"2001:db8::/32\"",
      "time: { days: mon-fri, hours: \"08:00-18:00\", zone: Europe/London }",
      "time: { hours: \"22:00-06:00\" }",
      "path: [\"/v1/x\", \"/v1/{name}\"]",
      "path: \"/v1/**\"",
      "path: \"/v1/employees\"",
  };
  std::string field = random.of(kFields);
  return random.chance(75) ? field : "not: { " + field + " }";
}

std::string random_line(Random& random, size_t index) {
  // Only values that repeat can fail it.
  if (random.chance(4)) {
    return "  - { id: rule-" + std::to_string(index) +
           ", effect: require, when: { query: { q: a } }, query: { q: a } }\n";
  }
  const RuleSpec rule = random_rule(random, index);
  if (rule.excluded || !random.chance(40)) return yaml_of(rule);
  return yaml_of(rule, random_field(random));
}

// The lines with a few of them replaced, removed or added.
std::vector<std::string> mutated(const std::vector<std::string>& lines, Random& random) {
  std::vector<std::string> all = lines;
  for (size_t i = 1 + random.below(2); i > 0; --i) {
    const size_t at = random.below(all.size());
    switch (random.below(3)) {
      case 0: all[at] = random_line(random, 100 + i); break;
      case 1: all.push_back(random_line(random, 100 + i)); break;
      default:
        if (all.size() > 1) all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return all;
}

std::string policy_of(const std::vector<std::string>& lines) {
  std::string text = "version: 1\nrules:\n";
  for (const std::string& line : lines) text += line;
  return text;
}

ReviewRequest random_request(Random& random, const PolicyUnderTest& policy) {
  const Sample sample = random_sample(random);
  std::string line = sample.client + " " + sample.method + " " + sample.path;
  for (const auto& [name, value] : sample.query)
    line += (line.find('?') == std::string::npos ? "?" : "&") + name + "=" + value;
  ReviewRequest request = policy.request(line, sample.body ? sample.body->dump() : "");
  for (size_t i = random.below(3); i > 0; --i)
    request.headers.emplace_back(
        "X-Team", random.of<std::string>({"red", "r", "blue", "", "reddish", "ab", "5", "05", "5.0", "50",
                                          "51", "1e1", "10.5", "-3", "red beef"}));
  request.source =
      *parse_ip(random.of<std::string>({"127.0.0.1", "10.0.0.9", "10.1.2.3", "192.0.2.7", "2001:db8::5"}));
  request.at += std::chrono::minutes(15 * random.below(4 * 24 * 180));
  return request;
}

std::string line_of(const ReviewRequest& request) {
  std::string line = request.method + " " + request.path + "?" + request.query + " " + request.body;
  for (const auto& [name, value] : request.headers) line += " " + name + ": " + value;
  return line + " from " + to_text(request.source) + " at " +
         std::to_string(request.at.time_since_epoch() / std::chrono::seconds(1));
}

// With the marks that it has: a line that says nothing of credentials does not tell of a request with some.
bool is_listed(const DiffReport& report, const PolicyUnderTest& policy, const ReviewRequest& request,
               const DiffChange& expected) {
  std::vector<HeaderView> headers;
  const Target target = policy.engine->resolve(view_of(request, headers));
  for (const DiffChange& change : report.changes) {
    if (change.client != policy.config.clients[request.client].name) continue;
    const bool alike = change.direction == expected.direction && marks_of(change) == marks_of(expected);
    if (!alike && change.direction != Direction::kUnknown) continue;
    for (const Target::Fit& fit : target.fits) {
      if (policy.engine->compiled().vocabulary.slots[fit.slot].id == change.operation) return true;
    }
  }
  return false;
}

struct Counts {
  size_t changes = 0, unknown = 0, differing = 0;
};

void compare_once(unsigned seed, unsigned requests, Counts& counts) {
  Random random(seed);
  std::vector<std::string> lines;
  for (size_t i = 1 + random.below(8); i > 0; --i) lines.push_back(random_line(random, lines.size()));
  const std::string old_text = policy_of(lines), new_text = policy_of(mutated(lines, random));
  const PolicyUnderTest before(old_text), after(new_text);
  // A parameter that the rule's operations do not have is an error of the file.
  if (!before.engine || !after.engine) return;
  const DiffReport report = diff_policies(*before.engine, *after.engine, before.config);
  const std::string pair = "seed " + std::to_string(seed) + "\n" + old_text + "---\n" + new_text;
  counts.changes += report.changes.size();
  counts.unknown += report.count(Direction::kUnknown);
  for (const DiffChange& change : report.changes) {
    if (!change.has_example) continue;
    const ReviewRequest& request = change.example.request;
    ASSERT_EQ(explain(*before.engine, before.config, request).outcome, change.before)
        << pair << line_of(request);
    ASSERT_EQ(explain(*after.engine, after.config, request).outcome, change.after)
        << pair << line_of(request);
    ASSERT_NE(change.before == Outcome::kAllow, change.after == Outcome::kAllow) << pair;
  }
  for (unsigned i = 0; i < requests; ++i) {
    const ReviewRequest request = random_request(random, before);
    const bool was = before.decide(request).outcome == Outcome::kAllow;
    const bool is = after.decide(request).outcome == Outcome::kAllow;
    if (was == is) continue;
    ++counts.differing;
    DiffJudge judge(*before.engine, *after.engine);
    judge.judge(request);
    DiffChange expected;
    judge.write(expected);
    ASSERT_TRUE(is_listed(report, before, request, expected))
        << pair << "not listed: " << before.config.clients[request.client].name << " " << line_of(request)
        << "\n"
        << to_text(report);
  }
}

TEST(DiffProperty, FindsWhatRandomRequestsFindAndShowsWhatItSays) {
  const unsigned pairs = number_from("SLUICE_DIFF_PAIRS", 40);
  const unsigned requests = number_from("SLUICE_DIFF_REQUESTS", 300);
  const unsigned first = number_from("SLUICE_DIFF_SEED", 20'260'105);
  Counts counts;
  for (unsigned i = 0; i < pairs; ++i) {
    compare_once(first + i, requests, counts);
    if (HasFatalFailure()) return;
  }
  std::cout << pairs << " pairs from seed " << first << ": " << counts.changes << " changes, of them "
            << counts.unknown << " unknown; " << counts.differing << " of " << pairs * requests
            << " random requests decided differently\n";
}

}  // namespace
}  // namespace sluice
