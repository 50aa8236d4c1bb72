#include "policy/body_check.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

int status_of(const std::string& content_type, const std::string& body = "{}") {
  const std::vector<HeaderView> headers{{"content-TYPE", content_type}};
  const BodyReading reading = read_body(headers, body, false);
  return reading.refusal ? reading.refusal->status : 200;
}

TEST(BodyCheck, TakesTheContentTypesOfJson) {
  for (const char* type : {"application/json", " application/json ", "APPLICATION/JSON",
                           "application/json;charset=utf-8", "application/json; charset=\"UTF-8\"",
                           "application/json ;profile=x", "application/problem+json", "application/json;"}) {
    EXPECT_EQ(status_of(type), 200) << type;
  }
}

TEST(BodyCheck, RefusesEveryOtherContentType) {
  for (const char* type :
       {"", "json", "application/jsonp", "application/+json", "text/plain", "multipart/form-data; boundary=x",
        "application/json, a/b", "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-8", "application/json; charset",
        "application/json; charset=", "application/json; charset=\"utf-8\\\"",
        "application/json; x=\"a;charset=utf-7\"", "a/b/c+json", "/+json", "text/json", "multipart/x+json",
        "application/x-www-form-urlencoded+json", "application/x y+json"}) {
    EXPECT_EQ(status_of(type), 415) << type;
  }
}

TEST(BodyCheck, AsksForAContentTypeAndNoEncoding) {
  EXPECT_EQ(read_body({}, "{}", false).refusal->status, 415);
  const std::vector<HeaderView> encoded{{"Content-Type", "application/json"},
                                        {"Content-Encoding", "identity"}};
  EXPECT_EQ(read_body(encoded, "{}", false).refusal->status, 415);
  const std::vector<HeaderView> twice{{"Content-Type", "application/json"}, {"Content_Type", "text/plain"}};
  EXPECT_EQ(read_body(twice, "{}", false).refusal->status, 415);
}

TEST(BodyCheck, AsksNothingOfAnEmptyBody) {
  const BodyReading reading = read_body({}, "", false);
  EXPECT_FALSE(reading.refusal);
  EXPECT_FALSE(reading.value);
}

TEST(BodyCheck, RefusesWhatIsNotOneJsonText) {
  const std::string deep = std::string(65, '[') + std::string(65, ']');
  for (const std::string& body :
       {std::string("x"), std::string("{}x"), std::string(" "), std::string("{\"a\":1,\"a\":2}"), deep}) {
    EXPECT_EQ(status_of("application/json", body), 400) << body;
  }
}

Operation operation_of(BodySchema schema) {
  Operation operation;
  operation.body = std::move(schema);
  return operation;
}

std::string problem_of(const Operation& operation, const std::string& json) {
  const JsonValue value = *parse_json_strictly(json, false);
  const auto refusal = check_schema(operation, &value);
  return refusal ? refusal->detail : "";
}

TEST(BodyCheck, ChecksTheSchemaAndNamesThePlace) {
  BodySchema text;
  text.type = BodySchema::Type::kString;
  text.max_length = 2;
  BodySchema list;
  list.type = BodySchema::Type::kArray;
  list.items = {text};
  list.min_items = 1;
  BodySchema root;
  root.type = BodySchema::Type::kObject;
  root.properties.push_back({"list", list, {"bulk"}});
  root.required = {"list"};
  const Operation operation = operation_of(root);
  EXPECT_EQ(problem_of(operation, R"({"list":["ab"],"more":1})"), "");
  EXPECT_EQ(problem_of(operation, R"({"list":null})"), "") << "null passes";
  EXPECT_EQ(problem_of(operation, R"({"list":[null]})"), "");
  EXPECT_EQ(problem_of(operation, R"({})"), "the body: the member \"list\" is missing");
  EXPECT_EQ(problem_of(operation, R"([])"), "the body: expected an object");
  EXPECT_EQ(problem_of(operation, R"({"list":[]})"), "/list: expected at least 1 items");
  EXPECT_EQ(problem_of(operation, R"({"list":["a","abc"]})"), "/list/1: expected at most 2 characters");
  EXPECT_EQ(problem_of(operation, R"({"list":["a",2]})"), "/list/1: expected a string");
}

TEST(BodyCheck, TakesNoNullForARequiredBody) {
  Operation operation = operation_of({});
  EXPECT_EQ(problem_of(operation, "null"), "");
  operation.body_required = true;
  EXPECT_EQ(problem_of(operation, "null"), "a body is required");
  EXPECT_EQ(check_schema(operation, nullptr)->detail, "a body is required");
}

TEST(BodyCheck, CollectsTheTagsOfWhatIsCarriedAtAnyDepth) {
  BodySchema inner;
  inner.type = BodySchema::Type::kObject;
  inner.properties.push_back({"data", {}, {"credential-write"}});
  BodySchema list;
  list.type = BodySchema::Type::kArray;
  list.items = {inner};
  BodySchema root;
  root.type = BodySchema::Type::kObject;
  root.properties.push_back({"factors", list, {}});
  root.properties.push_back({"force", {}, {"irreversible"}});
  const auto tags_of = [&root](const std::string& json) {
    std::vector<std::string_view> tags;
    collect_tags(root, *parse_json_strictly(json, false), tags);
    return tags;
  };
  EXPECT_EQ(tags_of(R"({"factors":[{},{"data":null}]})"),
            (std::vector<std::string_view>{"credential-write"}));
  EXPECT_EQ(tags_of(R"({"force":false})"), (std::vector<std::string_view>{"irreversible"}));
  EXPECT_TRUE(tags_of(R"({"data":1})").empty());
  EXPECT_TRUE(may_hold_credential(root));
  EXPECT_FALSE(may_hold_credential(BodySchema{}));
}

}  // namespace
}  // namespace sluice
