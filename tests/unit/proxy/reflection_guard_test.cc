#include "proxy/gate/reflection_guard.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice {
namespace {

struct Passed {
  std::string text;
  bool found = false;
};

Passed pass(std::string_view key, std::string_view stream, size_t cut_a, size_t cut_b,
            std::string_view encoded = "") {
  ReflectionGuard guard;
  const KeyPattern plain{Secret(std::string(key))}, injected{Secret(std::string(encoded))};
  guard.start(plain, injected);
  Passed passed;
  for (const std::string_view piece :
       {stream.substr(0, cut_a), stream.substr(cut_a, cut_b - cut_a), stream.substr(cut_b)}) {
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

TEST(ReflectionGuard, AgreesWithAPlainSearchOfManyStreamsOfTwoLetters) {
  std::mt19937 random(7);
  const std::string_view key = "aabaaabaab";
  size_t holding = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string stream(20 + random() % 180, 'a');
    for (char& letter : stream) letter = random() % 3 == 0 ? 'b' : 'a';
    const size_t a = random() % stream.size(), b = a + random() % (stream.size() - a);
    const Passed passed = pass(key, stream, a, b);
    const size_t at = stream.find(key);
    ASSERT_EQ(passed.found, at != std::string::npos) << stream << " " << a << " " << b;
    // Nothing but the beginning of the stream, up to the key at most.
    const std::string_view whole = std::string_view(stream).substr(0, at);
    ASSERT_EQ(passed.text, whole.substr(0, passed.found ? passed.text.size() : whole.size()))
        << a << " " << b;
    holding += passed.found ? 1 : 0;
  }
  EXPECT_GT(holding, 500u);
  EXPECT_LT(holding, 19'500u);
}

TEST(ReflectionGuard, FindsTheKeyAsItWasInjectedToo) {
  const std::string_view key = "abc";
  const std::string_view encoded = "YWJj";
  for (const std::string_view stream : {"zzYWJjzz", "zzabczz"}) {
    for (size_t a = 0; a <= stream.size(); ++a) {
      for (size_t b = a; b <= stream.size(); ++b) EXPECT_TRUE(pass(key, stream, a, b, encoded).found);
    }
  }
  const std::string_view harmless = "YWJabYWabJjaYWab";
  for (size_t a = 0; a <= harmless.size(); ++a) {
    for (size_t b = a; b <= harmless.size(); ++b)
      EXPECT_EQ(pass(key, harmless, a, b, encoded).text, harmless);
  }
}

TEST(ReflectionGuard, FindsBothKeysThatWereSentAndHoldsBackTheLongerBeginning) {
  const KeyPattern none, first{Secret("abcd")}, second{Secret("bcx")};
  for (const std::string_view stream : {"zzabcdzz", "zzabcxzz"}) {
    for (size_t cut = 0; cut <= stream.size(); ++cut) {
      ReflectionGuard guard;
      guard.start(first, none);
      guard.add(second, none);
      EXPECT_TRUE(guard.feed(stream.substr(0, cut)).found || guard.feed(stream.substr(cut)).found) << stream;
    }
  }
  ReflectionGuard guard;
  guard.start(second, none);
  guard.add(first, none);
  EXPECT_EQ(guard.feed("zabc").piece, "z");
  EXPECT_EQ(guard.finish(), "abc");
  guard.start(second, none);
  EXPECT_FALSE(guard.feed("abcd").found) << "it is another answer's";
}

TEST(ReflectionGuard, LooksForNothingWithoutAKey) {
  EXPECT_EQ(pass("", "abc", 1, 2).text, "abc");
  ReflectionGuard guard;
  const KeyPattern none, bc{Secret("bc")};
  guard.start(none, none);
  EXPECT_FALSE(guard.is_in("abc"));
  guard.start(bc, none);
  EXPECT_TRUE(guard.is_in("abc"));
}

}  // namespace
}  // namespace sluice
