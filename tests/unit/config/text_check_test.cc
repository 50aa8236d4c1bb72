#include "config/text_check.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::string_view_literals;

TEST(TextCheck, MeasuresCharactersAtTheBordersOfEachLength) {
  EXPECT_EQ(utf8_length("\x7f"), 1U);
  EXPECT_EQ(utf8_length("\xc2\x80"), 2U);
  EXPECT_EQ(utf8_length("\xdf\xbf"), 2U);
  EXPECT_EQ(utf8_length("\xe0\xa0\x80"), 3U);
  EXPECT_EQ(utf8_length("\xef\xbf\xbf"), 3U);
  EXPECT_EQ(utf8_length("\xf0\x90\x80\x80"), 4U);
  EXPECT_EQ(utf8_length("\xf4\x8f\xbf\xbf"), 4U);
}

TEST(TextCheck, RefusesOverlongFormsSurrogatesAndWhatIsCutOff) {
  for (std::string_view text :
       {""sv, "\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv,
        "\xed\xbf\xbf"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv,
        "\xc3"sv, "\xe2\x82"sv, "\xf0\x9f\x98"sv, "\xc3("sv, "\xe2\x82("sv, "\xf0\x9f\x98("sv}) {
    EXPECT_EQ(utf8_length(text), 0U);
  }
}

TEST(TextCheck, AcceptsTextWithTabsAndBothLineEnds) {
  EXPECT_FALSE(find_unreadable("a\tb\nc\r\n\xc3\xa9 \xf0\x9f\x98\x80"));
}

TEST(TextCheck, FindsWhatReadersSeeDifferently) {
  for (std::string_view text :
       {"ab\0"sv, "ab\x04"sv, "ab\x1b"sv, "ab\x7f"sv, "ab\rc"sv, "ab\r"sv, "ab\xff"sv, "ab\xe2\x80\xae"sv,
        "ab\xe2\x81\xa6"sv, "ab\xc2\x85"sv, "ab\xc2\x9b"sv, "ab\xe2\x80\xa8"sv, "ab\xe2\x80\xa9"sv}) {
    auto bad = find_unreadable(text);
    ASSERT_TRUE(bad);
    EXPECT_EQ(bad->offset, 2U);
  }
  EXPECT_FALSE(find_unreadable("\xe2\x80\xa7\xe2\x80\xaf\xc2\xa0"));
}

TEST(TextCheck, WritesOutWhatIsNotPrintable) {
  EXPECT_EQ(printable("a\t\n\x1b\x7f \xc3\xa9\xc2\xa0"), "a\\x09\\x0a\\x1b\\x7f \xc3\xa9\xc2\xa0");
  EXPECT_EQ(printable("\xc2\x9b\xe2\x80\xae\xe2\x80\xa8"), "\\xc2\\x9b\\xe2\\x80\\xae\\xe2\\x80\\xa8");
  EXPECT_EQ(printable("\xff\xe2\x80"), "\\xff\\xe2\\x80");
  EXPECT_EQ(printable("\0"sv), "\\x00");
}

}  // namespace
}  // namespace sluice
