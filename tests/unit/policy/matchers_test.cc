#include "policy/matchers.h"

#include <gtest/gtest.h>

#include "config/yaml_reader.h"
#include "policy/constraint_reader.h"

namespace sluice {
namespace {

Constraint constraint(const std::string& yaml) {
  Findings findings;
  const auto document = read_yaml(yaml, "test", findings);
  auto read = read_constraint(document.value(), "x", findings);
  for (const Finding& finding : findings.all()) ADD_FAILURE() << to_text(finding);
  return read.value_or(Constraint{});
}

Truth value_is(const std::string& yaml, const std::string& json, bool fold = false) {
  const auto value = parse_json_strictly(json, fold);
  EXPECT_TRUE(value.ok()) << json;
  return check_value(constraint(yaml), *value, fold);
}

Truth text_is(const std::string& yaml, const std::string& text, bool fold = false) {
  return check_text(constraint(yaml), text, fold);
}

TEST(Matchers, AConstantIsEqualAsJsonSchemaSays) {
  EXPECT_EQ(value_is("1", "1"), Truth::kHolds);
  EXPECT_EQ(value_is("1", "1.0"), Truth::kHolds);
  EXPECT_EQ(value_is("1", "1e0"), Truth::kHolds);
  EXPECT_EQ(value_is("1", "\"1\""), Truth::kFails);
  EXPECT_EQ(value_is("\"1\"", "\"1\""), Truth::kHolds);
  EXPECT_EQ(value_is("true", "true"), Truth::kHolds);
  EXPECT_EQ(value_is("{const: null}", "null"), Truth::kHolds);
  EXPECT_EQ(value_is("{const: [1, a]}", "[1,\"a\"]"), Truth::kHolds);
  EXPECT_EQ(value_is("{const: [1, a]}", "[\"a\",1]"), Truth::kFails);
  EXPECT_EQ(value_is("{const: {a: 1, b: 2}}", R"({"b":2,"a":1})"), Truth::kHolds);
  EXPECT_EQ(value_is("{const: {a: 1, b: 2}}", R"({"a":1})"), Truth::kFails);
}

TEST(Matchers, NumbersAreComparedExactlyBeyondTheDoubles) {
  EXPECT_EQ(value_is("9007199254740993", "9007199254740993"), Truth::kHolds);
  EXPECT_EQ(value_is("9007199254740993", "9007199254740992"), Truth::kFails);
  EXPECT_EQ(value_is("{maximum: 9007199254740992}", "9007199254740993"), Truth::kFails);
}

TEST(Matchers, APlainListMeansAnyOfIt) {
  EXPECT_EQ(value_is("[a, 2]", "2"), Truth::kHolds);
  EXPECT_EQ(value_is("[a, 2]", "\"b\""), Truth::kFails);
}

TEST(Matchers, KeysOfConstantsAreFoldedWithTheBody) {
  EXPECT_EQ(value_is("{const: {Name: x}}", R"({"NAME":"x"})", true), Truth::kHolds);
  EXPECT_EQ(value_is("{const: {Name: x}}", R"({"NAME":"x"})", false), Truth::kFails);
  EXPECT_EQ(value_is("{const: {Name: x}}", R"({"NAME":"X"})", true), Truth::kFails);
}

TEST(Matchers, AKeywordOnAnotherTypeIsUnsure) {
  for (const char* json : {"null", "true", "1", "[]", "{}"}) {
    EXPECT_EQ(value_is("{pattern: x}", json), Truth::kUnsure) << json;
    EXPECT_EQ(value_is("{minLength: 0}", json), Truth::kUnsure) << json;
  }
  for (const char* json : {"null", "true", "\"1\"", "[]", "{}"}) {
    EXPECT_EQ(value_is("{maximum: 9}", json), Truth::kUnsure) << json;
  }
  for (const char* json : {"null", "true", "\"1\"", "1", "{}"}) {
    EXPECT_EQ(value_is("{maxItems: 9}", json), Truth::kUnsure) << json;
    EXPECT_EQ(value_is("{uniqueItems: true}", json), Truth::kUnsure) << json;
  }
}

TEST(Matchers, WhatFailsForSureOutweighsWhatIsUnsure) {
  EXPECT_EQ(value_is("{type: array, maxItems: 2}", "\"abc\""), Truth::kFails);
  EXPECT_EQ(value_is("{pattern: a, maximum: 2}", "3"), Truth::kFails);
  EXPECT_EQ(value_is("{pattern: a, maximum: 2}", "1"), Truth::kUnsure);
}

TEST(Matchers, BoundsIncludeTheirEnds) {
  EXPECT_EQ(value_is("{minimum: 2, maximum: 3}", "2"), Truth::kHolds);
  EXPECT_EQ(value_is("{minimum: 2, maximum: 3}", "3"), Truth::kHolds);
  EXPECT_EQ(value_is("{minimum: 2, maximum: 3}", "3.0001"), Truth::kFails);
  EXPECT_EQ(value_is("{minItems: 1, maxItems: 2}", "[]"), Truth::kFails);
  EXPECT_EQ(value_is("{minItems: 1, maxItems: 2}", "[1,2]"), Truth::kHolds);
  EXPECT_EQ(value_is("{minItems: 1, maxItems: 2}", "[1,2,3]"), Truth::kFails);
}

TEST(Matchers, LengthsCountCharacters) {
  EXPECT_EQ(value_is("{maxLength: 2}", "\"\xc3\xa4\xc3\xb6\""), Truth::kHolds);
  EXPECT_EQ(value_is("{maxLength: 2}", "\"abc\""), Truth::kFails);
  EXPECT_EQ(value_is("{minLength: 2}", "\"\xf0\x9f\x98\x80\""), Truth::kFails);
}

TEST(Matchers, ItemsAreUniqueByValue) {
  EXPECT_EQ(value_is("{uniqueItems: true}", "[1,2,\"1\"]"), Truth::kHolds);
  EXPECT_EQ(value_is("{uniqueItems: true}", "[1,2,1.0]"), Truth::kFails);
  EXPECT_EQ(value_is("{uniqueItems: true}", R"([{"a":1,"b":2},{"b":2,"a":1}])"), Truth::kFails);
  EXPECT_EQ(value_is("{uniqueItems: false}", "[1,1]"), Truth::kHolds);
}

TEST(Matchers, ManyItemsAreComparedInReasonableTime) {
  std::string json = "[";
  for (int i = 0; i < 100'000; ++i) json += (i > 0 ? "," : "") + std::to_string(i);
  EXPECT_EQ(value_is("{uniqueItems: true}", json + "]"), Truth::kHolds);
}

TEST(Matchers, TypesAreThoseOfJsonSchema) {
  EXPECT_EQ(value_is("{type: integer}", "1.0"), Truth::kHolds);
  EXPECT_EQ(value_is("{type: integer}", "1.5"), Truth::kFails);
  EXPECT_EQ(value_is("{type: number}", "1"), Truth::kHolds);
  EXPECT_EQ(value_is("{type: [string, null]}", "null"), Truth::kHolds);
  EXPECT_EQ(value_is("{type: null}", "null"), Truth::kHolds);
  EXPECT_EQ(value_is("{type: object}", "[]"), Truth::kFails);
}

TEST(Matchers, APatternIsSearchedNotAnchored) {
  EXPECT_EQ(value_is("{pattern: b}", "\"abc\""), Truth::kHolds);
  EXPECT_EQ(value_is("{pattern: \"^b\"}", "\"abc\""), Truth::kFails);
  EXPECT_EQ(value_is("{pattern: \"^ab$\"}", "\"ab\\n\""), Truth::kFails);
}

TEST(Matchers, AQueryTextIsReadAsTheNumberThatItIs) {
  EXPECT_EQ(text_is("{maximum: 10}", "10"), Truth::kHolds);
  EXPECT_EQ(text_is("{maximum: 10}", "1e1"), Truth::kHolds);
  EXPECT_EQ(text_is("{maximum: 10}", "11"), Truth::kFails);
  for (const char* text :
       {"", " 1", "1 ", "+1", "01", "0x1", "1,0", "Infinity", "NaN", "1e999", "\xd9\xa1"}) {
    EXPECT_EQ(text_is("{maximum: 10}", text), Truth::kUnsure) << text;
  }
}

TEST(Matchers, AnotherSpellingOfAConstantNumberIsUnsure) {
  EXPECT_EQ(text_is("50", "50"), Truth::kHolds);
  EXPECT_EQ(text_is("50", "50.0"), Truth::kUnsure);
  EXPECT_EQ(text_is("50", "5e1"), Truth::kUnsure);
  EXPECT_EQ(text_is("50", "51"), Truth::kFails);
  EXPECT_EQ(text_is("\"50\"", "50.0"), Truth::kFails);
  EXPECT_EQ(text_is("true", "true"), Truth::kHolds);
}

TEST(Matchers, ATextThatIsNotUtf8IsUnsureToPatternsAndLengths) {
  EXPECT_EQ(text_is("{pattern: \"^.*evil\"}", "\xff evil"), Truth::kUnsure);
  EXPECT_EQ(text_is("{maxLength: 9}", "\xff"), Truth::kUnsure);
}

TEST(Matchers, APathParameterOfACaseInsensitiveApiIsFolded) {
  EXPECT_EQ(text_is("Admin", "ADMIN", true), Truth::kHolds);
  EXPECT_EQ(text_is("Admin", "ADMIN", false), Truth::kFails);
  EXPECT_EQ(text_is("{pattern: \"^[A-Z]+$\"}", "admin", true), Truth::kHolds);
  EXPECT_EQ(text_is("\"stra\xc3\x9f"
                    "e\"",
                    "STRASSE", true),
            Truth::kHolds);
}

struct ReadingCase {
  const char* constraint;
  std::vector<std::string_view> texts;
  bool permits, restricts, demands;
};

TEST(Matchers, ARepeatedOrAbsentValueCountsAsItsReadingSays) {
  const std::vector<ReadingCase> cases{
      {"{maximum: 5}", {}, false, false, true},
      {"{maximum: 5}", {"5"}, true, true, true},
      {"{maximum: 5}", {"6"}, false, false, false},
      {"{maximum: 5}", {"5", "6"}, false, true, false},
      {"{maximum: 5}", {"x"}, false, true, false},
      {"{maximum: 5}", {"6", "x"}, false, true, false},
      {"{present: true}", {}, false, false, false},
      {"{present: true}", {"x"}, true, true, true},
      {"{present: false}", {}, true, true, true},
      {"{present: false}", {"x"}, false, false, false},
      {"{present: true, maximum: 5}", {}, false, false, false},
  };
  for (const ReadingCase& one : cases) {
    const Constraint read = constraint(one.constraint);
    const std::string name = one.constraint + std::string(" of ") + std::to_string(one.texts.size());
    const auto matches = [&read, &one](Reading reading) {
      Tally tally(read, reading);
      for (std::string_view text : one.texts) tally.add(check_text(read, text, false));
      return tally.result();
    };
    EXPECT_EQ(matches(Reading::kPermits), one.permits) << name;
    EXPECT_EQ(matches(Reading::kRestricts), one.restricts) << name;
    EXPECT_EQ(matches(Reading::kDemands), one.demands) << name;
  }
}

TEST(Matchers, APointerNamesMembersItemsAndEveryItem) {
  const auto matches = [](const std::string& pointer, const std::string& json, Reading reading) {
    const JsonValue root = *parse_json_strictly(json, false);
    const BodyConstraint constraint_of_body{*JsonPointer::parse(pointer, false),
                                            *JsonPointer::parse(pointer, true), constraint("1")};
    return body_matches(constraint_of_body, {BodyView::State::kReadable, &root}, false, reading);
  };
  EXPECT_TRUE(matches("/a/1", R"({"a":[0,1]})", Reading::kPermits));
  EXPECT_FALSE(matches("/a/01", R"({"a":[0,1]})", Reading::kRestricts));
  EXPECT_TRUE(matches("/a/*/b", R"({"a":[{"b":1},{"b":1}]})", Reading::kPermits));
  EXPECT_FALSE(matches("/a/*/b", R"({"a":[{"b":1},{}]})", Reading::kPermits)) << "the second item has none";
  EXPECT_TRUE(matches("/a/*/b", R"({"a":[{"b":1},{}]})", Reading::kDemands)) << "what is absent holds";
  EXPECT_TRUE(matches("/*/*", "[[2],[1]]", Reading::kRestricts));
  EXPECT_FALSE(matches("/a/b", R"({"a":"text"})", Reading::kRestricts)) << "a text has no members";
  EXPECT_TRUE(matches("/a/*", R"({"a":"text"})", Reading::kRestricts))
      << "a text may be taken for a list of one";
  EXPECT_FALSE(matches("/a/*", R"({"a":null})", Reading::kDemands));
  EXPECT_FALSE(matches("/*/*", "[[1],[]]", Reading::kPermits)) << "the second list has no item";
}

TEST(Matchers, NothingCanBeSaidOfAnUnreadableBody) {
  const BodyConstraint anything{*JsonPointer::parse("/a", false), *JsonPointer::parse("/a", true),
                                constraint("1")};
  const BodyView unreadable{BodyView::State::kUnreadable, nullptr};
  EXPECT_FALSE(body_matches(anything, unreadable, false, Reading::kPermits));
  EXPECT_TRUE(body_matches(anything, unreadable, false, Reading::kRestricts));
  EXPECT_FALSE(body_matches(anything, unreadable, false, Reading::kDemands));
}

}  // namespace
}  // namespace sluice
