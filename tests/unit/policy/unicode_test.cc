#include "policy/unicode.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using namespace std::literals;

TEST(FoldCase, IsStableWhenAppliedTwiceAndRefusesInvalidText) {
  for (const char* text : {"İSTANBUL", "ẞ", "ﬀ", "Σίσυφος", "ᾳͅ", "K", "ŉ"}) {
    const std::optional<std::string> once = fold_case(text);
    ASSERT_TRUE(once.has_value()) << text;
    EXPECT_EQ(fold_case(*once), once) << text;
  }
  EXPECT_FALSE(fold_case("\xff").has_value());
  EXPECT_EQ(fold_case("A\0B"sv), "a\0b"s);
}

TEST(Utf8, AcceptsWhatTheStandardDoesAndNothingElse) {
  for (const char* text : {"", "plain", "ö", "€", "😀", "\xef\xbf\xbf"})
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  for (const char* text : {"\xc0\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
                           "\xf8\x88\x80\x80\x80", "a\xe2\x82", "\xbf"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

}  // namespace
}  // namespace sluice
