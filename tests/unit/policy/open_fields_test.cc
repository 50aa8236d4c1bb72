#include "policy/open_fields.h"

#include <gtest/gtest.h>

#include <sstream>

#include "policy_fixture.h"

namespace sluice {
namespace {

std::string text_of(const FieldSet& set) {
  std::string text;
  for (size_t i = 0; i < kFieldCount; ++i) {
    const auto field = static_cast<Field>(i);
    if (set.has(field)) text += (text.empty() ? "" : " ") + std::string(to_text(field));
  }
  return text;
}

// "never", or the open fields of `when`, and after a bar those of `not`.
std::string open_of(const std::string& operation, const std::string& when,
                    const std::string& effect = "deny") {
  const PolicyUnderTest policy("version: 1\nrules:\n  - { id: r, effect: " + effect + ", when: { " + when +
                               " } }\n");
  EXPECT_NE(policy.engine, nullptr) << policy.finding_texts();
  if (policy.engine == nullptr) return "";
  const CompiledPolicy& compiled = policy.engine->compiled();
  const auto open =
      open_fields(compiled.rules[0], compiled.vocabulary.find_operations(operation)[0], compiled);
  if (!open) return "never";
  return text_of(open->when) + (open->may_be_excluded ? " | " + text_of(open->excluded) : "");
}

TEST(OpenFields, AnOperationSettlesItsApiAccessTagsAndMethod) {
  const std::string all = "api: push, operation: \"push.employees.*\", access: read, tag: pii, method: GET";
  EXPECT_EQ(open_of("push.employees.list", all), "");
  EXPECT_EQ(open_of("push.employees.list", all + ", client: soar, group: automation"), "");
  EXPECT_EQ(open_of("push.employees.list", "api: securenvoy"), "never");
  EXPECT_EQ(open_of("push.employees.list", "operation: push.apps.update"), "never");
  EXPECT_EQ(open_of("push.employees.list", "access: write"), "never");
  EXPECT_EQ(open_of("push.employees.list", "tag: credential-write"), "never");
  EXPECT_EQ(open_of("push.employees.list", "method: [POST, PUT]"), "never");
}

TEST(OpenFields, WhatARequestTellsStaysOpen) {
  EXPECT_EQ(open_of("push.employees.list",
                    "path: /v1/**, query: { a: 1 }, header: { b: c }, body: { /d: 1 }, source: 10.0.0.0/8, "
                    "time: { days: mon }, access: read"),
            "source time path query header body");
  EXPECT_EQ(open_of("push.apps.update", "param: { id: a }"), "param");
}

TEST(OpenFields, AHeadMayFitAGetOperation) {
  EXPECT_EQ(open_of("push.employees.list", "method: HEAD"), "method");
  EXPECT_EQ(open_of("push.employees.list", "method: [GET, HEAD]"), "");
  EXPECT_EQ(open_of("push.employees.merge", "method: HEAD"), "never");
  EXPECT_EQ(open_of("push.employees.merge", "method: POST"), "");
}

TEST(OpenFields, ABodyMayAddATag) {
  EXPECT_EQ(open_of("securenvoy.users.update", "tag: credential-write"), "tag");
  EXPECT_EQ(open_of("securenvoy.users.list", "tag: credential-write"), "never");
}

TEST(OpenFields, OfWhatNoCatalogueKnowsAccessAndMethodStayOpen) {
  EXPECT_EQ(open_of("push.unknown", "access: read, method: GET"), "access method");
  EXPECT_EQ(open_of("push.unknown", "tag: pii"), "never");
  EXPECT_EQ(open_of("push.unknown", "operation: push.unknown", "allow"), "");
  EXPECT_EQ(open_of("push.unknown", "access: read", "allow"), "never") << "it does not name the operation";
}

TEST(OpenFields, ANotThatCannotMatchIsSettled) {
  EXPECT_EQ(open_of("push.employees.list", "access: read, not: { tag: credential-write }"), "");
  EXPECT_EQ(open_of("push.employees.list", "access: read, not: { client: soar, access: write }"), "");
}

TEST(OpenFields, ANotStaysOpenInWhatIsNotSettledItsClientIncluded) {
  EXPECT_EQ(open_of("push.employees.list", "not: { client: soar, access: read }"), " | client");
  EXPECT_EQ(open_of("push.employees.list", "not: { group: automation, source: 10.0.0.0/8 }"),
            " | group source");
  EXPECT_EQ(open_of("push.employees.list", "not: { access: read }"), " | ") << "it matches always";
}

TEST(Compiler, LeavesOutARuleThatIsAlwaysExcludedButStillReadsTheBodyForIt) {
  const PolicyUnderTest policy(
      "version: 1\nrules:\n"
      "  - { id: r, effect: deny, when: { operation: push.unknown, body: { /a: 1 }, not: { api: push } } "
      "}\n");
  const CompiledPolicy& compiled = policy.engine->compiled();
  const CompiledSlot& slot = compiled.slots[compiled.vocabulary.find_operations("push.unknown")[0]];
  EXPECT_TRUE(slot.everyone.rules.empty());
  EXPECT_TRUE(slot.everyone.body.must);
}

}  // namespace
}  // namespace sluice
