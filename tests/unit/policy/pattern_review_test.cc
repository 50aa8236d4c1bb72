#include "policy/review/pattern_review.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(PatternReview, SeesWhatMatchesEveryText) {
  for (const char* pattern : {"", "^", "$", ".*", "^.*", ".*$", "(.*)", "a*", "^a*", "(a|b)*", "|a", "[^a]*",
                              "(?i)x?", "(?s)^.*$", "^[\\s\\S]*$", ".*.*"}) {
    EXPECT_EQ(matches_everything(pattern), "every text") << pattern;
  }
  EXPECT_EQ(matches_everything("^.*$"), "every text without a line end");
  EXPECT_EQ(matches_everything("^(.*)$"), "every text without a line end");
}

TEST(PatternReview, IsSilentAboutWhatDoesNot) {
  for (const char* pattern : {"x", "^$", "^a*$", ".", ".+", "^.+$", "^a|b*$", "\\b", "(^a|b$)*c", "^x.*",
                              "(?m)^.*$", "\\Q.*\\E", "(", "\\$"}) {
    EXPECT_EQ(matches_everything(pattern), "") << pattern;
  }
}

TEST(PatternReview, SeesARepeatThatChangesNothing) {
  EXPECT_EQ(missing_anchor("[a-z]+"),
            "it is found anywhere in the text, so the + at its end changes nothing");
  EXPECT_EQ(missing_anchor("^CHG-[0-9]+"),
            "it is found anywhere in the text, so the + at its end changes nothing");
  EXPECT_EQ(missing_anchor("CHG-\\d{1,5}"),
            "it is found anywhere in the text, so the {1,5} at its end changes nothing");
  EXPECT_EQ(missing_anchor("[a-z]+$"),
            "it is found anywhere in the text, so the + at its start changes nothing");
  EXPECT_EQ(missing_anchor("(?:ab)+c"),
            "it is found anywhere in the text, so the + at its start changes nothing");
  EXPECT_EQ(missing_anchor("(?i)x[]a]+?"),
            "it is found anywhere in the text, so the + at its end changes nothing");
}

TEST(PatternReview, SeesAnchorsOfOneAlternativeOnly) {
  EXPECT_EQ(missing_anchor("^a|b$"), "^ and $ bind to the first and the last alternative only");
  EXPECT_EQ(missing_anchor("^a$|^b$"), "");
  EXPECT_EQ(missing_anchor("^(?:a|b)$"), "");
}

TEST(PatternReview, IsSilentAboutPrefixesPartsAndWholes) {
  for (const char* pattern :
       {"x", "^u", "evil", "^admin$", "^[a-z]+$", "^CHG-[0-9]+$", "\\.exe$", ".*foo.*", "a|b", "colou?",
        "[0-9]{4}", "\\A[a-z]+\\z", "^a+b", "[[:alpha:]]x", "\\pL+", "\\x41+"}) {
    EXPECT_EQ(missing_anchor(pattern), "") << pattern;
  }
}

}  // namespace
}  // namespace sluice
