#include "policy/json_number.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

TEST(JsonNumber, IsReadAsJsonWritesIt) {
  for (const char* text :
       {"0", "-0", "7", "-12", "1.5", "0.25", "1e3", "1E+3", "2.0e-1", "9223372036854775808"})
    EXPECT_TRUE(read_json_number(text)) << text;
  for (const char* text : {"",   "-",  "+1", "01",  "-01",  "1.",   ".5",  "1e",  "1e+",   "1.e2",
                           "1 ", " 1", "1x", "0x1", "1.5x", "1e5x", "inf", "nan", "1e400", "--1"}) {
    EXPECT_FALSE(read_json_number(text)) << text;
  }
}

TEST(JsonNumber, IsExactForEveryInt64AndRoundedBeyond) {
  EXPECT_EQ(read_json_number("9223372036854775807")->integer, 9223372036854775807);
  EXPECT_EQ(read_json_number("-9223372036854775808")->integer, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(read_json_number("9007199254740993")->number, 9007199254740992.0);
  EXPECT_NE(read_json_number("9007199254740993")->value(), read_json_number("9007199254740992")->value());
  EXPECT_FALSE(read_json_number("9223372036854775808")->integer_exact);
  EXPECT_EQ(read_json_number("9223372036854775808")->number, 9223372036854775808.0);
}

TEST(JsonNumber, IsWholeWithoutFractionAndExponent) {
  EXPECT_TRUE(read_json_number("20")->whole);
  EXPECT_FALSE(read_json_number("20.0")->whole);
  EXPECT_FALSE(read_json_number("2e1")->whole);
  EXPECT_EQ(read_json_number("2e1")->value(), 20);
}

}  // namespace
}  // namespace sluice
