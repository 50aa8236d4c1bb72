#include "proxy/cli/terminal_text.h"

#include <gtest/gtest.h>

#include "proxy/cli/styled_line.h"

namespace sluice {
namespace {

TEST(TerminalText, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(escape_for_terminal("a\x1b[31mb\r\n\tc\x7f"), "a\\u{1b}[31mb\\u{d}\\u{a}\\u{9}c\\u{7f}");
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"
                                "31m"),
            "\\u{9b}31m")
      << "CSI of C1";
  EXPECT_EQ(escape_for_terminal("gpj\xe2\x80\xae"
                                "exe"),
            "gpj\\u{202e}exe");
  EXPECT_EQ(escape_for_terminal("a\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\xa8"), "a\\u{200b}\\u{feff}\\u{2028}");
  EXPECT_EQ(escape_for_terminal("\xee\x80\x80"), "\\u{e000}") << "private use";
  EXPECT_EQ(escape_for_terminal(std::string_view("a\0b", 3)), "a\\u{0}b");
}

TEST(TerminalText, ShowsOctetsThatAreNoUtf8) {
  EXPECT_EQ(escape_for_terminal("a\x9b"
                                "31m\xff"),
            "a\\x9b31m\\xff");
  EXPECT_EQ(escape_for_terminal("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(escape_for_terminal("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(escape_for_terminal("\xe2\x82"), "\\xe2\\x82") << "cut off";
}

TEST(TerminalText, LeavesLettersOfAllScriptsAlone) {
  EXPECT_EQ(escape_for_terminal("Zoë 山田 Ωμέγα"), "Zoë 山田 Ωμέγα");
}

TEST(TerminalText, KeepsNoMoreThanTwoMarksUponALetter) {
  const std::string mark = "\xcc\x81";
  EXPECT_EQ(escape_for_terminal("e" + mark), "e" + mark);
  EXPECT_EQ(escape_for_terminal("e" + mark + mark + mark + mark + "x"), "e" + mark + mark + "x");
  EXPECT_EQ(escape_for_terminal(mark + "e"), "e");
}

TEST(TerminalText, CountsColumns) {
  EXPECT_EQ(terminal_columns("abc"), 3U);
  EXPECT_EQ(terminal_columns("山田"), 4U);
  EXPECT_EQ(terminal_columns("e\xcc\x81"), 1U);
}

TEST(TerminalText, IsCutOrFilledToItsColumns) {
  EXPECT_EQ(fit_columns("abc", 5), "abc  ");
  EXPECT_EQ(fit_columns("abc", 5, true), "  abc");
  EXPECT_EQ(fit_columns("abcdef", 4), "abc…");
  EXPECT_EQ(fit_columns("山田太郎", 4), "山… ") << "half of a wide character is none";
  EXPECT_EQ(fit_columns("abc", 0), "");
  for (size_t columns = 0; columns < 12; ++columns)
    EXPECT_EQ(terminal_columns(fit_columns("a山b田e\xcc\x81", columns)), columns);
}

TEST(StyledLine, IsCutAtTheEdgeAndColoursEnd) {
  StyledLine line;
  line.add("plain ").add("bad", Style::kBad).add(" rest that is long");
  EXPECT_EQ(line.to_text(80, false), "plain bad rest that is long");
  EXPECT_EQ(line.to_text(80, true), "plain \x1b[1;31mbad\x1b[0m rest that is long");
  EXPECT_EQ(line.to_text(8, true), "plain \x1b[1;31mb…\x1b[0m");
  EXPECT_EQ(StyledLine().add("\x1b[2J").to_text(80, true), "\\u{1b}[2J");
}

}  // namespace
}  // namespace sluice
