#include "proxy/gate/reflection_guard.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

struct Passed {
  std::string text;
  bool found = false;
};

Passed pass(std::string_view key, std::string_view stream, size_t cut_a, size_t cut_b) {
  ReflectionGuard guard;
  guard.start(key);
  Passed passed;
  for (const std::string_view piece : {stream.substr(0, cut_a), stream.substr(cut_a, cut_b - cut_a), stream.substr(cut_b)}) {
    const ReflectionGuard::Step step = guard.feed(piece);
    if (step.found) {
      passed.found = true;
      return passed;
    }
    passed.text.append(step.released).append(step.piece);
  }
  passed.text.append(guard.finish());
  return passed;
}

TEST(ReflectionGuard, PassesEverythingElseUnchangedHoweverItIsCut) {
  const std::string_view key = "ababac";
  const std::string_view stream = "xxababaxabababxababa";
  for (size_t a = 0; a <= stream.size(); ++a) {
    for (size_t b = a; b <= stream.size(); ++b) {
      const Passed passed = pass(key, stream, a, b);
      EXPECT_FALSE(passed.found);
      EXPECT_EQ(passed.text, stream) << a << " " << b;
    }
  }
}

TEST(ReflectionGuard, FindsTheKeyHoweverItIsCutAndReleasesNoneOfIt) {
  const std::string_view key = "ababac";
  const std::string_view stream = "zzabababac-and-more";
  for (size_t a = 0; a <= stream.size(); ++a) {
    for (size_t b = a; b <= stream.size(); ++b) {
      const Passed passed = pass(key, stream, a, b);
      EXPECT_TRUE(passed.found) << a << " " << b;
      EXPECT_EQ(std::string_view("zzab").substr(0, passed.text.size()), passed.text);
    }
  }
}

TEST(ReflectionGuard, LooksForNothingWithoutAKey) {
  EXPECT_EQ(pass("", "abc", 1, 2).text, "abc");
  EXPECT_FALSE(ReflectionGuard::contains("abc", ""));
  EXPECT_TRUE(ReflectionGuard::contains("abc", "bc"));
}

}  // namespace
}  // namespace sluice
