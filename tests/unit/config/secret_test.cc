#include "config/secret.h"

#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <ostream>
#include <type_traits>

namespace sluice {
namespace {

constexpr char kLong[] = "a-secret-that-is-too-long-for-the-inside-of-a-string";

template <class T>
auto compares(int) -> decltype(std::declval<T>() == std::declval<T>(), std::true_type{});
template <class T>
std::false_type compares(...);
template <class T>
auto prints(int) -> decltype(std::declval<std::ostream&>() << std::declval<T>(), std::true_type{});
template <class T>
std::false_type prints(...);

TEST(Secret, EqualsOnlyTheSameOctets) {
  const Secret secret("abc");
  EXPECT_TRUE(secret.equals("abc"));
  EXPECT_FALSE(secret.equals("abd"));
  EXPECT_FALSE(secret.equals("bbc"));
  EXPECT_FALSE(secret.equals("ab"));
  EXPECT_FALSE(secret.equals("abcd"));
  EXPECT_FALSE(secret.equals(""));
  EXPECT_TRUE(Secret().equals(""));
}

TEST(Secret, HasNoOperatorThatComparesOrPrints) {
  EXPECT_FALSE(decltype(compares<Secret>(0))::value);
  EXPECT_FALSE(decltype(prints<Secret>(0))::value);
  EXPECT_TRUE(decltype(compares<std::string>(0))::value);
  EXPECT_TRUE(decltype(prints<std::string>(0))::value);
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string_view>));
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
}

TEST(Secret, CopiesAndMovesAndLeavesNothingBehind) {
  for (const char* text : {"short", kLong}) {
    Secret first{std::string(text)};
    Secret copy(first);
    EXPECT_TRUE(copy.equals(text));
    Secret moved(std::move(first));
    EXPECT_TRUE(moved.equals(text));
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): what is left is what is tested
    copy = Secret("other");
    EXPECT_TRUE(copy.equals("other"));
    copy = moved;
    EXPECT_TRUE(copy.equals(text));
  }
}

// A short secret lives inside the object, so its octets can be looked at after the destructor ran. Clearing a
// string overwrites its first octet, so the rest is what to look for.
TEST(Secret, WipesItsMemoryWhenFreed) {
  alignas(Secret) unsigned char memory[sizeof(Secret)];
  auto* secret = new (memory) Secret("hunter2");
  const auto holds_secret = [&memory] { return memmem(memory, sizeof memory, "unter", 5) != nullptr; };
  EXPECT_TRUE(holds_secret());
  secret->~Secret();
  EXPECT_FALSE(holds_secret());
}

TEST(Secret, WipesWhatAMoveLeftInTheSource) {
  alignas(Secret) unsigned char memory[sizeof(Secret)];
  auto* source = new (memory) Secret("hunter2");
  const Secret target(std::move(*source));
  EXPECT_EQ(memmem(memory, sizeof memory, "unter", 5), nullptr);
  source->~Secret();
}

}  // namespace
}  // namespace sluice
