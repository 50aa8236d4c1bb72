#include "config/finding.h"

#include <gmock/gmock.h>

namespace sluice {
namespace {

using testing::ElementsAre;

TEST(Finding, PrintsFileLineAndColumn) {
  EXPECT_EQ(to_text({{"a.yaml", 3, 5}, Severity::kError, "x", "wrong"}), "a.yaml:3:5: error: wrong");
  EXPECT_EQ(to_text({{"a.yaml", 3, 5}, Severity::kWarning, "x", "odd"}), "a.yaml:3:5: warning: odd");
  EXPECT_EQ(to_text({{"a.yaml", 3, 5}, Severity::kNote, "x", "so"}), "a.yaml:3:5: note: so");
}

TEST(Finding, PrintsTheFileAloneWhenItIsMeantAsAWhole) {
  EXPECT_EQ(to_text({{"a.yaml", 0, 0}, Severity::kError, "x", "missing"}), "a.yaml: error: missing");
}

TEST(Finding, KeepsControlCharactersFromTheTerminal) {
  EXPECT_EQ(to_text({{"a\n.yaml", 1, 1}, Severity::kError, "x", "key \"\x1b[2J\x7f\""}),
            "a\\x0a.yaml:1:1: error: key \"\\x1b[2J\\x7f\"");
  EXPECT_EQ(to_text({{"a", 1, 1}, Severity::kError, "x", "é"}), "a:1:1: error: é");
}

TEST(Finding, KeepsFromTheTerminalWhatReordersOrControlsIt) {
  EXPECT_EQ(to_text({{"a", 1, 1}, Severity::kError, "x", "\u009b2J \u202e \u2028"}),
            "a:1:1: error: \\xc2\\x9b2J \\xe2\\x80\\xae \\xe2\\x80\\xa8");
  EXPECT_EQ(to_text({{"a", 1, 1}, Severity::kError, "x", "\xff"}), "a:1:1: error: \\xff");
}

TEST(Finding, AreBoundedWhateverTheFile) {
  Findings findings;
  for (int line = 1; line <= 20'000; ++line) findings.warning({"a", line, 1}, "x", "odd");
  EXPECT_FALSE(findings.has_errors());
  findings.error({"a", 20'001, 1}, "x", "wrong");
  EXPECT_TRUE(findings.has_errors()) << "left out, but not forgotten";
  ASSERT_EQ(findings.all().size(), 10'001U);
  EXPECT_EQ(to_text(findings.all().back()),
            "a: note: more than 10000 findings: correct these, then check again");
  Findings more;
  more.add(findings);
  more.add(findings);
  EXPECT_EQ(more.all().size(), 10'001U);
  EXPECT_TRUE(more.has_errors());
}

TEST(Finding, QuotesALongNameByItsEnds) {
  Findings findings;
  std::string name;
  for (int i = 0; i < 100'000; ++i) name += "é";
  findings.error({"a", 1, 1}, "x", "client: unknown client \"" + name + "\", did you mean \"b\"?");
  const std::string& message = findings.all()[0].message;
  EXPECT_LT(message.size(), 4100U);
  EXPECT_THAT(message, testing::StartsWith("client: unknown client \"éé"));
  EXPECT_THAT(message, testing::HasSubstr("é ... é"));
  EXPECT_THAT(message, testing::EndsWith("é\", did you mean \"b\"?"));
}

TEST(Finding, OnlyErrorsAreErrors) {
  Findings findings;
  findings.warning({"a", 1, 1}, "odd", "odd");
  EXPECT_FALSE(findings.has_errors());
  findings.error({"a", 1, 1}, "wrong", "wrong");
  EXPECT_TRUE(findings.has_errors());
}

TEST(Finding, SortsByPlaceAndKeepsTheOrderOfEqualPlaces) {
  Findings findings;
  findings.error({"b", 1, 1}, "x", "5");
  findings.error({"a", 10, 1}, "x", "4");
  findings.error({"a", 2, 9}, "x", "2");
  findings.error({"a", 2, 9}, "x", "3");
  findings.error({"a", 2, 1}, "x", "1");
  findings.sort();
  std::vector<std::string> messages;
  for (const Finding& finding : findings.all()) messages.push_back(finding.message);
  EXPECT_THAT(messages, ElementsAre("1", "2", "3", "4", "5"));
}

}  // namespace
}  // namespace sluice
