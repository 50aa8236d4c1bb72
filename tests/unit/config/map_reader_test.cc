#include "config/map_reader.h"

#include <gmock/gmock.h>

#include "config/yaml_reader.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MapReaderTest : public testing::Test {
 protected:
  const Value& parse(const std::string& text) {
    auto value = read_yaml(text, "f", findings_);
    EXPECT_TRUE(value);
    return root_ = value ? std::move(*value) : Value();
  }
  std::vector<std::string> messages() {
    findings_.sort();
    std::vector<std::string> out;
    for (const Finding& finding : findings_.all()) out.push_back(to_text(finding));
    return out;
  }

  Findings findings_;
  Value root_;
};

TEST_F(MapReaderTest, ReadsEveryKindOfValue) {
  MapReader map(parse("{t: x, n: 1, b: true, i: -5, f: 0.5, d: 9s, s: 1KiB, l: [a, b], o: one}"), "m",
                findings_);
  std::string text;
  std::string digits;
  bool boolean = false;
  int64_t integer = 0;
  double number = 0;
  Millis duration{};
  Bytes size;
  std::vector<std::string> list;
  std::vector<std::string> single;
  map.text("t", text);
  map.text("n", digits);
  map.boolean("b", boolean);
  map.integer("i", integer, -5, 5);
  map.number("f", number);
  map.duration("d", duration);
  map.size("s", size);
  map.texts("l", list);
  map.texts("o", single);
  map.finish();
  EXPECT_THAT(messages(), IsEmpty());
  EXPECT_EQ(text, "x");
  EXPECT_EQ(digits, "1");
  EXPECT_TRUE(boolean);
  EXPECT_EQ(integer, -5);
  EXPECT_EQ(number, 0.5);
  EXPECT_EQ(duration, Millis(9'000));
  EXPECT_EQ(size, 1_KiB);
  EXPECT_THAT(list, ElementsAre("a", "b"));
  EXPECT_THAT(single, ElementsAre("one"));
}

TEST_F(MapReaderTest, LeavesTheDefaultWhenAKeyIsAbsentOrWrong) {
  MapReader map(parse("{i: many, d: 5, l: {a: b}}"), "m", findings_);
  int64_t integer = 7;
  int64_t absent = 8;
  Millis duration{9};
  std::string text = "kept";
  map.integer("i", integer, 0, 100);
  map.integer("j", absent, 0, 100);
  map.duration("d", duration);
  map.text("l", text);
  EXPECT_EQ(integer, 7);
  EXPECT_EQ(absent, 8);
  EXPECT_EQ(duration, Millis(9));
  EXPECT_EQ(text, "kept");
  EXPECT_THAT(messages(),
              ElementsAre("f:1:5: error: i: expected a whole number, got \"many\"",
                          "f:1:14: error: d: expected a duration such as 500ms, 9s, 5m, 1h or 7d, got \"5\"",
                          "f:1:20: error: l: expected a text, got a map"));
}

TEST_F(MapReaderTest, AQuotedNumberOrBooleanIsAText) {
  EXPECT_FALSE(read_integer(parse("'1'"), "i", findings_));
  EXPECT_FALSE(read_number(parse("\"1.5\""), "f", findings_));
  EXPECT_FALSE(read_boolean(parse("'true'"), "b", findings_));
  EXPECT_EQ(findings_.all().size(), 3U);
}

TEST_F(MapReaderTest, OnlyTrueAndFalseAreBooleans) {
  for (const char* text : {"yes", "no", "on", "off", "True", "FALSE", "1", "y"}) {
    EXPECT_FALSE(read_boolean(parse(text), "b", findings_)) << text;
  }
}

TEST_F(MapReaderTest, RefusesNumbersThatOtherReadersTakeDifferently) {
  for (const char* text : {"010", "0x10", "1_000", "+1", "1.0", "-", "1e3", "9223372036854775808", "-01"}) {
    EXPECT_FALSE(read_integer(parse(text), "i", findings_)) << text;
  }
  for (const char* text : {"nan", ".nan", "inf", "-inf", ".inf", "1e999", "0x1p3", "01.5", "1,5", "1.5 2"}) {
    EXPECT_FALSE(read_number(parse(text), "f", findings_)) << text;
  }
  EXPECT_EQ(read_integer(parse("0"), "i", findings_), 0);
  EXPECT_EQ(read_number(parse("0.25"), "f", findings_), 0.25);
  EXPECT_EQ(read_integer(parse("9223372036854775807"), "i", findings_), INT64_MAX);
}

TEST_F(MapReaderTest, ReportsBothBordersOfARange) {
  MapReader map(parse("{low: -1, high: 11, first: 0, last: 10, soon: 1ms, big: 2KiB}"), "m", findings_);
  int64_t number = 5;
  Millis duration{50};
  Bytes size{5};
  map.integer("low", number, 0, 10);
  map.integer("high", number, 0, 10);
  EXPECT_EQ(number, 5);
  map.integer("first", number, 0, 10);
  EXPECT_EQ(number, 0);
  map.integer("last", number, 0, 10);
  EXPECT_EQ(number, 10);
  map.duration("soon", duration, Millis(10), Millis(1'000));
  map.size("big", size, {0}, 1_KiB);
  EXPECT_THAT(messages(), ElementsAre("f:1:7: error: low: -1 is out of range, allowed: 0 to 10",
                                      "f:1:17: error: high: 11 is out of range, allowed: 0 to 10",
                                      "f:1:47: error: soon: 1ms is out of range, allowed: 10ms to 1s",
                                      "f:1:57: error: big: 2KiB is out of range, allowed: 0B to 1KiB"));
}

TEST_F(MapReaderTest, ReportsMissingAndUnknownKeys) {
  MapReader map(parse("{upstraem: x, zzzzzz: y}"), "an API", findings_);
  EXPECT_EQ(map.required("upstream"), nullptr);
  EXPECT_EQ(map.optional("hosts"), nullptr);
  map.finish();
  EXPECT_THAT(messages(),
              ElementsAre("f:1:1: error: missing key \"upstream\" in an API",
                          "f:1:2: error: unknown key \"upstraem\" in an API, did you mean \"upstream\"?",
                          "f:1:15: error: unknown key \"zzzzzz\" in an API, allowed: upstream, hosts"));
}

TEST_F(MapReaderTest, WhatIsNotAMapIsReportedOnce) {
  MapReader map(parse("[a]"), "an API", findings_);
  EXPECT_FALSE(map.is_map());
  EXPECT_EQ(map.required("upstream"), nullptr);
  map.finish();
  EXPECT_THAT(messages(), ElementsAre("f:1:1: error: an API: expected a map, got a list"));
}

// It may be a key that somebody pasted in the wrong place.
TEST_F(MapReaderTest, NeverShowsATextThatStandsInThePlaceOfAMap) {
  const MapReader map(parse("sk_live_123"), "credential", findings_);
  EXPECT_FALSE(read_integer(parse("sk_live_12345678901234567890"), "weight", findings_));
  for (const std::string& message : messages()) EXPECT_EQ(message.find("sk_live"), std::string::npos);
  EXPECT_EQ(messages().size(), 2U);
}

TEST_F(MapReaderTest, AChoiceListsWhatIsAllowed) {
  MapReader map(parse("{good: two, bad: three, list: [one]}"), "m", findings_);
  int chosen = 0;
  map.choice("good", {{"one", 1}, {"two", 2}}, chosen);
  EXPECT_EQ(chosen, 2);
  map.choice("bad", {{"one", 1}, {"two", 2}}, chosen);
  map.choice("list", {{"one", 1}, {"two", 2}}, chosen);
  map.choice("absent", {{"one", 1}, {"two", 2}}, chosen);
  EXPECT_EQ(chosen, 2);
  EXPECT_THAT(messages(), ElementsAre("f:1:18: error: bad: unknown value \"three\", allowed: one, two",
                                      "f:1:31: error: list: expected a text, got a list"));
}

TEST_F(MapReaderTest, TextsReportsEveryItemThatIsNone) {
  EXPECT_THAT(read_texts(parse("[a, [b], {c: d}, ~, e]"), "l", findings_), ElementsAre("a", "e"));
  EXPECT_THAT(read_texts(parse("{a: b}"), "l", findings_), IsEmpty());
  EXPECT_EQ(findings_.all().size(), 4U);
}

TEST_F(MapReaderTest, WhatWasReportedIsNotReportedAgain) {
  Value value;
  value.reported = true;
  EXPECT_FALSE(read_text(value, "t", findings_));
  EXPECT_FALSE(read_integer(value, "i", findings_));
  const MapReader map(value, "m", findings_);
  EXPECT_THAT(findings_.all(), IsEmpty());
}

TEST(NearestName, ForgivesSwapsCaseAndOneInThreeLetters) {
  const std::vector<std::string> known = {"client", "group", "api", "operation", "access"};
  EXPECT_EQ(nearest_name("cleint", known), "client");
  EXPECT_EQ(nearest_name("Operation", known), "operation");
  EXPECT_EQ(nearest_name("oprtion", known), "operation");
  EXPECT_EQ(nearest_name("ap", known), "api");
  EXPECT_EQ(nearest_name("zebra", known), "");
  EXPECT_EQ(nearest_name("", known), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'a'), known), "");
  EXPECT_EQ(nearest_name("client", {}), "");
}

TEST(NearestName, SuggestsInASentence) {
  const std::vector<std::string> known = {"client"};
  EXPECT_EQ(suggestion("clinet", known), ", did you mean \"client\"?");
  EXPECT_EQ(suggestion("zebra", known), "");
}

}  // namespace
}  // namespace sluice
