#include "policy/review/json_text.h"

#include <gtest/gtest.h>

#include "config/yaml_reader.h"

namespace sluice {
namespace {

std::string text_of(const std::string& yaml) {
  Findings findings;
  const auto value = read_yaml(yaml, "a.yaml", findings);
  return value ? json_text(*value) : "unreadable";
}

TEST(JsonText, WritesWhatThePolicyWouldRead) {
  EXPECT_EQ(text_of(R"({ a: [1, 1.50, -2e3, true, false, null, ~], "b": { c: {} , d: [] } })"),
            R"({"a":[1,1.50,-2e3,true,false,null,null],"b":{"c":{},"d":[]}})");
}

TEST(JsonText, KeepsTextsTexts) {
  EXPECT_EQ(text_of(R"(["1", 'true', 01, yes, 0x10, "a\"b\n", é])"),
            R"(["1","true","01","yes","0x10","a\"b\n","é"])");
}

}  // namespace
}  // namespace sluice
