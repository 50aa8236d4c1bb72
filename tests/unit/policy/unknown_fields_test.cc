#include "policy/unknown_fields.h"

#include <gtest/gtest.h>

#include "policy_fixture.h"

namespace sluice {
namespace {

using Texts = std::vector<std::string>;

BodySchema object_of(std::vector<std::string> names) {
  BodySchema schema;
  schema.type = BodySchema::Type::kObject;
  for (std::string& name : names) schema.properties.push_back({std::move(name), {}, {}});
  return schema;
}

Texts unknown(const BodySchema& schema, const std::string& json) {
  const Result<JsonValue> value = parse_json_strictly(json, false);
  EXPECT_TRUE(value.ok()) << json;
  return find_unknown_fields(schema, *value);
}

TEST(UnknownFields, AreNamedByTheirPlace) {
  BodySchema schema = object_of({"known", "list", "deep", "free"});
  schema.properties[1].schema.type = BodySchema::Type::kArray;
  schema.properties[1].schema.items.push_back(object_of({"id"}));
  schema.properties[2].schema = object_of({"a"});
  EXPECT_EQ(unknown(schema, R"({"known":1,"list":[],"deep":{"a":{"x":1}},"free":{"y":2}})"), Texts{});
  EXPECT_EQ(
      unknown(schema,
              R"({"new/Field":{"inner":1},"a~b":null,"list":[{"id":1,"n":2},{"n":3}],"deep":{"b":"x"}})"),
      (Texts{"/new~1Field", "/a~0b", "/list/*/n", "/deep/b"}));
  EXPECT_EQ(unknown(schema, "[{\"x\":1}]"), Texts{});
  EXPECT_EQ(unknown(BodySchema(), R"({"x":1})"), Texts{});
}

TEST(UnknownFields, AreSixteenAtMostEachOf128OctetsAtMost) {
  std::string json = "{\"" + std::string(126, 'a') + "\xC3\xB6\":1";
  for (int i = 0; i < 40; ++i) json += ",\"k" + std::to_string(i) + "\":1";
  const Texts found = unknown(object_of({"known"}), json + "}");
  ASSERT_EQ(found.size(), 16U);
  EXPECT_EQ(found[0], "/" + std::string(126, 'a')) << "and no half of a character";
  EXPECT_EQ(found[15], "/k14");
}

TEST(UnknownFields, AreInTheDecisionWhateverItIs) {
  const PolicyUnderTest policy(R"(version: 1
rules:
  - { id: apps, effect: allow, when: { client: soar, operation: push.apps.update } }
)");
  const std::string body = R"({"notes":"x","newField":"secret"})";
  EXPECT_EQ(policy.decide("soar PATCH /push/v1/apps/a1", body).unknown_fields, Texts{"/newField"});
  EXPECT_EQ(policy.decide("siem PATCH /push/v1/apps/a1", body).unknown_fields, Texts{"/newField"});
  EXPECT_EQ(policy.decide("soar PATCH /push/v1/apps/a1", R"({"notes":"x"})").unknown_fields, Texts{});
  EXPECT_EQ(policy.decide("soar PATCH /push/v1/nothing", body).unknown_fields, Texts{});
}

}  // namespace
}  // namespace sluice
