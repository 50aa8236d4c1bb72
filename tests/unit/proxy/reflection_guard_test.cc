#include "proxy/gate/reflection_guard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <random>

#include "proxy/crypto.h"

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

const std::string kKey = "Push/Key+with~all-7f3a9c";

std::string percent(std::string_view text, std::string_view digits) {
  std::string all;
  for (const char c : text) {
    const auto octet = static_cast<uint8_t>(c);
    all.append("%").append(1, digits[octet >> 4]).append(1, digits[octet & 15]);
  }
  return all;
}

// As vendors, languages and browsers write a key when they show it.
std::vector<std::string> encodings() {
  std::vector<std::string> all{kKey};
  for (const std::string before : {"", "a", "ab", "abc", "key=", "{\"k\":\""}) {
    for (const std::string after : {"", "!", "!!", "!!!"}) {
      std::string text = base64_encode(before + kKey + after);
      all.push_back(text);
      std::replace(text.begin(), text.end(), '+', '-');
      std::replace(text.begin(), text.end(), '/', '_');
      all.push_back(text);
    }
  }
  all.push_back(hex(kKey));
  std::string capitals = hex(kKey);
  for (char& c : capitals) c = static_cast<char>(std::toupper(c));
  all.push_back(capitals);
  all.push_back(percent(kKey, "0123456789abcdef"));
  all.push_back(percent(kKey, "0123456789ABCDEF"));
  all.push_back("Push%2FKey%2bwith~all-7f3a9c");
  all.push_back("Push\\/Key+with~all-7f3a9c");
  all.push_back("Push\\/Key\\u002bwith\\u007Eall\\x2d7f3a9c");
  std::string escaped;
  for (const char c : kKey) escaped.append("\\u00").append(hex(std::string_view(&c, 1)));
  all.push_back(escaped);
  return all;
}

TEST(ReflectionGuard, FindsTheKeyInEachEncodingHoweverItIsCut) {
  for (const std::string& encoded : encodings()) {
    const std::string stream = "{\"shown\": \"" + encoded + "\", \"n\": 1}";
    for (size_t a = 0; a <= stream.size(); ++a) {
      for (const size_t b : {a, std::min(a + 1, stream.size()), std::min(a + 7, stream.size())}) {
        const Passed passed = pass(kKey, stream, a, b);
        ASSERT_TRUE(passed.found) << encoded << " " << a << " " << b;
        // Nothing of it went out but what does not depend on the key: the digits of what stands before it.
        ASSERT_LE(passed.text.size(), stream.find(encoded) + 12) << encoded << " " << a << " " << b;
      }
    }
  }
}

TEST(ReflectionGuard, FindsTheKeyOctetByOctetInEachEncoding) {
  const KeyPattern plain{Secret(kKey)}, none;
  for (const std::string& encoded : encodings()) {
    ReflectionGuard guard;
    guard.start(plain, none);
    bool found = false;
    for (const char c : "\\%\\u00" + encoded) found = found || guard.feed(std::string_view(&c, 1)).found;
    EXPECT_TRUE(found) << encoded;
    guard.start(plain, none);
    EXPECT_TRUE(guard.is_in("x-echo: " + encoded + "\r\n")) << encoded;
  }
}

TEST(ReflectionGuard, PassesAnInnocentTextWithBeginningsOfEveryEncodingUnchanged) {
  const std::vector<std::string> all = encodings();
  std::mt19937 random(11);
  for (int round = 0; round < 3'000; ++round) {
    std::string stream;
    for (int part = 0; part < 6; ++part) {
      const std::string& encoded = all[random() % all.size()];
      stream += encoded.substr(0, random() % 14);
      stream += std::vector<std::string>{"\\n", "%", "\\u20ac", "\\", "%zz", " ", "\\\""}[random() % 7];
    }
    const size_t a = random() % stream.size(), b = a + random() % (stream.size() - a);
    const Passed passed = pass(kKey, stream, a, b);
    ASSERT_FALSE(passed.found) << stream;
    ASSERT_EQ(passed.text, stream) << a << " " << b;
  }
}

TEST(ReflectionGuard, LooksForAShortKeyAsItIsOnly) {
  EXPECT_FALSE(pass("abcd", "..." + hex("abcd"), 1, 2).found);
  EXPECT_FALSE(pass("abcd", "..." + base64_encode("abcd"), 1, 2).found);
  EXPECT_TRUE(pass("abcd", "...%61bcd", 4, 5).found);
}

TEST(ReflectionGuard, ForgetsTheKeyWhenItIsCleared) {
  const KeyPattern plain{Secret(kKey)}, none;
  ReflectionGuard guard;
  guard.start(plain, none);
  EXPECT_EQ(guard.feed(kKey.substr(0, 9)).piece, "");
  guard.clear();
  EXPECT_EQ(guard.finish(), "");
  EXPECT_FALSE(guard.is_in(kKey));
}

}  // namespace
}  // namespace sluice
