#include "policy/json_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::literals;
using Type = JsonValue::Type;

std::string refusal(std::string_view text, bool fold = false) {
  const Result<JsonValue> value = parse_json_strictly(text, fold);
  return value.ok() ? "accepted" : value.error().message;
}

std::vector<std::string> texts_at(std::string_view pointer, std::string_view body, bool fold = false) {
  const Result<JsonValue> value = parse_json_strictly(body, fold);
  const Result<JsonPointer> parsed = JsonPointer::parse(pointer, fold);
  EXPECT_TRUE(value.ok() && parsed.ok());
  std::vector<const JsonValue*> found;
  parsed->resolve(*value, found);
  std::vector<std::string> texts;
  for (const JsonValue* each : found) texts.push_back(each->text);
  return texts;
}

TEST(JsonView, ReadsEveryKindOfValue) {
  const auto root =
      parse_json_strictly(R"( {"a":null,"b":true,"c":-7,"d":1.5,"e":"x\u00e9","f":[1,[2]],"g":{}} )", false);
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->type, Type::kObject);
  EXPECT_EQ(root->find("a")->type, Type::kNull);
  EXPECT_TRUE(root->find("b")->boolean);
  EXPECT_EQ(root->find("c")->integer, -7);
  EXPECT_EQ(root->find("c")->type, Type::kInteger);
  EXPECT_EQ(root->find("d")->type, Type::kNumber);
  EXPECT_DOUBLE_EQ(root->find("d")->number, 1.5);
  EXPECT_EQ(root->find("e")->text, "xé");
  EXPECT_EQ(root->find("f")->items[1].items[0].integer, 2);
  EXPECT_EQ(root->find("g")->type, Type::kObject);
  EXPECT_EQ(root->find("h"), nullptr);
}

TEST(JsonView, TakesATopLevelScalarOrArray) {
  EXPECT_EQ(parse_json_strictly("[\"g1\",\"g2\"]", false)->items.size(), 2U);
  EXPECT_EQ(parse_json_strictly("null", false)->type, Type::kNull);
  EXPECT_EQ(parse_json_strictly("\"x\"", false)->text, "x");
}

TEST(JsonView, TellsExactIntegersFromRoundedOnes) {
  const auto number = [](std::string_view text) { return *parse_json_strictly(text, false); };
  EXPECT_TRUE(number("9223372036854775807").integer_exact);
  EXPECT_EQ(number("9223372036854775807").integer, INT64_MAX);
  EXPECT_EQ(number("-9223372036854775808").integer, INT64_MIN);
  for (const char* text : {"9223372036854775808", "18446744073709551615", "123456789012345678901234567890"}) {
    EXPECT_EQ(number(text).type, Type::kInteger) << text;
    EXPECT_FALSE(number(text).integer_exact) << text;
    EXPECT_GT(number(text).number, 9e18) << text;
  }
  EXPECT_EQ(number("1.0").type, Type::kNumber);
  EXPECT_EQ(number("1e2").type, Type::kNumber);
}

TEST(JsonView, RefusesANumberOutOfRangeWithoutQuotingIt) {
  EXPECT_THAT(refusal(R"({"a":[1,1e999]})"), HasSubstr("out of range, at /a"));
  EXPECT_THAT(refusal(R"({"a":1e999})"), Not(HasSubstr("1e999")));
  EXPECT_THAT(refusal("-1e400"), HasSubstr("out of range"));
}

TEST(JsonView, RefusesWhatIsNotOneJsonText) {
  for (const char* text :
       {"",         " ",         "{",           "[1,]",   "{\"a\":1,}", "{a:1}",     "{'a':1}",  "NaN",
        "[NaN]",    "Infinity",  "-Infinity",   "nan",    "01",         "+1",        "1.",       ".5",
        "0x10",     "tru",       "[1] [2]",     "{}{}",   "{} x",       "1 2",       "// c\n{}", "/* c */{}",
        "\"a\nb\"", "\"\\x41\"", "\"\\u00g0\"", "\x0b{}", "{\"a\" 1}",  "[\"a\",,1]"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(JsonView, RefusesASecondTextBehindARawNul) {
  EXPECT_THAT(refusal("{\"a\":1}\0{\"a\":2}"sv), HasSubstr("NUL"));
  EXPECT_THAT(refusal("{}\0"sv), HasSubstr("NUL"));
}

TEST(JsonView, RefusesAByteOrderMark) {
  EXPECT_THAT(refusal("\xEF\xBB\xBF{}"), HasSubstr("byte order mark"));
  EXPECT_NE(refusal("\xFF\xFE{\0}\0"sv), "accepted");
  EXPECT_NE(refusal("{\0}\0"sv), "accepted");  // UTF-16
}

TEST(JsonView, RefusesInvalidUtf8AndLoneSurrogates) {
  for (const char* text : {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\\ud800\"",
                           "\"\\ud800\\u0041\"", "\"\\udc00\"", "{\"\\ud800\":1}"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
  EXPECT_EQ(parse_json_strictly("\"\\ud83d\\ude00\"", false)->text, "😀");
}

TEST(JsonView, RefusesAKeyThatStandsTwice) {
  EXPECT_THAT(refusal(R"({"a":1,"b":2,"a":3})"), HasSubstr("key twice, at /a"));
  EXPECT_THAT(refusal(R"({"x":[{},{"password":"hunter2","p":0,"password":"other"}]})"),
              HasSubstr("key twice, at /x/1/password"));
  EXPECT_THAT(refusal(R"({"x":[{},{"password":"hunter2","password":"other"}]})"), Not(HasSubstr("hunter2")));
  EXPECT_EQ(refusal(R"({"a":{"a":1},"b":{"a":1}})"), "accepted");
}

TEST(JsonView, ComparesKeysAfterTheirEscapes) {
  EXPECT_THAT(refusal(R"({"password":1,"\u0070assword":2})"), HasSubstr("key twice"));
  EXPECT_EQ(parse_json_strictly(R"({"\u0070assword":1})", false)->members[0].first, "password");
  EXPECT_EQ(refusal(R"({"a":1,"A":2})"), "accepted");
}

TEST(JsonView, ComparesFoldedKeysWhereAskedTo) {
  for (const char* text : {R"({"password":1,"Password":2})", R"({"password":1,"pa\u017f\u017fword":2})",
                           R"({"key":1,"\u212Aey":2})", R"({"stra\u00dfe":1,"STRASSE":2})",
                           R"({"password":1,"\u0050ASSWORD":2})"}) {
    EXPECT_THAT(refusal(text, true), HasSubstr("key twice")) << text;
    EXPECT_EQ(refusal(text, false), "accepted") << text;
  }
  EXPECT_NE(parse_json_strictly(R"({"AutoGeneratePassword":true})", true)->find("autogeneratepassword"),
            nullptr);
}

TEST(JsonView, RefusesAFoldedKeyThatHasTwoFoldings) {
  for (const char* text : {R"({"f\u0131rst":1})", R"({"F\u0130RST":1})"}) {
    EXPECT_THAT(refusal(text, true), HasSubstr("two ways")) << text;
    EXPECT_EQ(refusal(text, false), "accepted") << text;
  }
}

TEST(JsonView, RefusesKeysThatFrameworksTakeForMoreThanMembers) {
  EXPECT_THAT(refusal(R"({"a":{"__proto__":{"b":1}}})"), HasSubstr("__proto__"));
  EXPECT_THAT(refusal(R"({"_method":"DELETE"})"), HasSubstr("overrides the method"));
  EXPECT_THAT(refusal(R"({"X-HTTP-Method-Override":"PUT"})"), HasSubstr("overrides the method"));
  EXPECT_EQ(refusal(R"({"a":{"_method":"x"},"method":1,"proto":2})"), "accepted");
}

TEST(JsonView, RefusesANulInAKeyButNotInAValue) {
  EXPECT_THAT(refusal(R"({"a":{"pass\u0000word":1}})"), HasSubstr("key with a NUL, at /a"));
  EXPECT_EQ(refusal(R"({"a":"x\u0000y"})"), "accepted");
}

TEST(JsonView, AllowsSixtyFourLevelsAndNotOneMore) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(refusal(nested(64)), "accepted");
  EXPECT_THAT(refusal(nested(65)), HasSubstr("deeper than 64"));
  EXPECT_THAT(refusal(nested(100'000)), HasSubstr("deeper than 64"));
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  EXPECT_THAT(refusal(objects), HasSubstr("deeper than 64"));
}

TEST(JsonView, NamesThePlaceOfASyntaxErrorWithoutTheText) {
  const std::string message = refusal(R"({"password":"hunter2","list":[1,{"a/b~c":[tru]}]})");
  EXPECT_THAT(message, HasSubstr("at /list/1/a~1b~0c"));
  EXPECT_THAT(message, Not(HasSubstr("hunter2")));
}

TEST(JsonView, CutsALongPlaceBetweenCharacters) {
  std::string key;
  for (int i = 0; i < 500; ++i) key += "ö";
  const std::string message = refusal("{\"" + key + "\":[tru]}");
  EXPECT_LT(message.size(), 300U);
  EXPECT_THAT(message, HasSubstr("..."));
  EXPECT_EQ(parse_json_strictly("\"" + message + "\"", false).ok(), true);
}

TEST(JsonView, ReadsABodyOfManyKeysInReasonableTime) {
  std::string body = "{";
  for (int i = 0; i < 100'000; ++i) body += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_EQ(refusal(body + "\"z\":0}"), "accepted");
  EXPECT_THAT(refusal(body + "\"k7\":0}"), HasSubstr("key twice, at /k7"));
}

TEST(JsonPointer, NamesMembersItemsAndEveryItem) {
  const char* body = R"({"ids":["a","b"],"o":{"x/y":"s","m~n":"t","":"u"},"l":[{"n":"1"},{"n":"2"},{}]})";
  EXPECT_EQ(texts_at("/ids/*", body), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(texts_at("/ids/1", body), std::vector<std::string>{"b"});
  EXPECT_EQ(texts_at("/o/x~1y", body), std::vector<std::string>{"s"});
  EXPECT_EQ(texts_at("/o/m~0n", body), std::vector<std::string>{"t"});
  EXPECT_EQ(texts_at("/o/", body), std::vector<std::string>{"u"});
  EXPECT_EQ(texts_at("/l/*/n", body), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(texts_at("", "\"whole\""), std::vector<std::string>{"whole"});
  EXPECT_EQ(texts_at("/*", R"(["a"])"), std::vector<std::string>{"a"});
}

TEST(JsonPointer, GivesNothingForWhatIsNotThere) {
  const char* body = R"({"ids":["a"],"s":"x","e":[],"o":{"*":"star"}})";
  for (const char* pointer : {"/no", "/ids/1", "/ids/00", "/ids/-1", "/ids/-", "/ids/18446744073709551616",
                              "/s/0", "/s/*", "/e/*", "/ids/a", "/o/*"}) {
    EXPECT_TRUE(texts_at(pointer, body).empty()) << pointer;
  }
}

TEST(JsonPointer, FoldsItsSegmentsWhenAsked) {
  EXPECT_EQ(texts_at("/FirstFactor/Type", R"({"firstfactor":{"TYPE":"p"}})", true),
            std::vector<std::string>{"p"});
  EXPECT_TRUE(texts_at("/FirstFactor", R"({"firstfactor":"p"})", false).empty());
}

TEST(JsonPointer, RefusesABadPointer) {
  for (const char* text : {"a", "a/b", "*", "/a~", "/~2", "/a~b"})
    EXPECT_FALSE(JsonPointer::parse(text, false).ok()) << text;
  EXPECT_EQ(JsonPointer::parse("/a/*", false)->text(), "/a/*");
}

}  // namespace
}  // namespace sluice
