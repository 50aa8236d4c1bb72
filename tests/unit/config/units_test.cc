#include "config/units.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Units, ReadsEveryUnitOfTime) {
  EXPECT_EQ(parse_duration("500ms"), Millis(500));
  EXPECT_EQ(parse_duration("9s"), Millis(9'000));
  EXPECT_EQ(parse_duration("5m"), Millis(300'000));
  EXPECT_EQ(parse_duration("1h"), Millis(3'600'000));
  EXPECT_EQ(parse_duration("7d"), Millis(604'800'000));
  EXPECT_EQ(parse_duration("0s"), Millis(0));
}

TEST(Units, ReadsEveryUnitOfSize) {
  EXPECT_EQ(parse_size("512B"), Bytes{512});
  EXPECT_EQ(parse_size("64KiB"), 64_KiB);
  EXPECT_EQ(parse_size("1MiB"), 1_MiB);
  EXPECT_EQ(parse_size("10GiB"), 10_GiB);
}

TEST(Units, RefusesADurationWithoutAWholeNumberAndAKnownUnit) {
  for (const char* text :
       {"", "s", "5", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ", "1S", "1sec", "1h30m", "0x1s", "1e3s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Units, RefusesASizeWithoutAWholeNumberAndAKnownUnit) {
  for (const char* text : {"", "B", "64", "64KB", "64kib", "64K", "-1B", "1.5MiB", "1 MiB", "1MiB "}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Units, RefusesWhatOverflows) {
  EXPECT_TRUE(parse_duration("9223372036854775807ms"));
  EXPECT_FALSE(parse_duration("9223372036854775808ms"));
  EXPECT_FALSE(parse_duration("106751991168d"));
  EXPECT_FALSE(parse_duration("99999999999999999999s"));
  EXPECT_TRUE(parse_size("18446744073709551615B"));
  EXPECT_FALSE(parse_size("18446744073709551616B"));
  EXPECT_TRUE(parse_size("17179869183GiB"));
  EXPECT_FALSE(parse_size("17179869184GiB"));
}

TEST(Units, FormatsTheShortestTextThatReadsBack) {
  for (const char* text : {"0s", "1ms", "1500ms", "90s", "1m", "75s", "2h", "7d"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(Millis(60'000)), "1m");
  for (const char* text : {"0B", "1B", "1025B", "64KiB", "1MiB", "10GiB"})
    EXPECT_EQ(format_size(*parse_size(text)), text);
  EXPECT_EQ(format_size({1024}), "1KiB");
}

}  // namespace
}  // namespace sluice
