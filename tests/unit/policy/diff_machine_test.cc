#include "policy/review/diff_machine.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>

namespace sluice {
namespace {

int run(TextMachine& machine, std::string_view text) {
  int state = machine.start();
  for (char32_t c : decode_utf8(text)) state = machine.step(state, c);
  return machine.output(state);
}

bool re2_finds(const std::string& pattern, const std::string& text, bool ignore_case) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  return re2::RE2::PartialMatch(text, re2::RE2(pattern, options));
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kPieces{"a", "b", "ab", "A", "0", "7", "-", ".", "\n", "_", " ", "é"};
  std::string text;
  for (size_t i = random() % 6; i > 0; --i) text += kPieces[random() % kPieces.size()];
  return text;
}

TEST(DiffMachine, FindsWhatRe2Finds) {
  const std::vector<std::string> patterns{"",          "a",          "^a",       "b$",
                                          "^a$",       "^$",         "a|b",      "^(a|b)+$",
                                          "a*b",       "^a*?b",      "^.{2,3}$", ".",
                                          "a.b",       "(?s)^.$",    "[^a]",     "^[a-z0-9]+$",
                                          "\\d",       "^\\w+$",     "\\s|-",    "^[\\d-]+$",
                                          "^[^\\d]*$", "\\.",        "(?i)^ab$", "^(?:ab){2}",
                                          "^a{0}b",    "a{2}",       "^(a|)b$",  "x{,2}",
                                          "\\x61",     "[\\x{e9}]",  "é$",       "^\\D\\W",
                                          "(^a|b$)",   "a^b",        "$^",       "(a$|^b)c?",
                                          "\\Aab?\\z", "(?P<n>ab)+", "^[]a]$",   "^[a-]+$",
                                          "(a*)*b",    "^(a?){3}$",  "[[]",      "^-?\\d+(\\.\\d+)?$"};
  std::mt19937 random(7);
  for (const std::string& pattern : patterns) {
    for (const bool ignore_case : {false, true}) {
      const auto machine = make_pattern_machine(pattern, ignore_case);
      if (machine == nullptr) continue;  // it may say no, but not say wrong
      for (int i = 0; i < 300; ++i) {
        const std::string text = random_text(random);
        ASSERT_EQ(run(*machine, text) == 1, re2_finds(pattern, text, ignore_case))
            << pattern << " in \"" << text << "\" " << ignore_case;
      }
    }
  }
}

TEST(DiffMachine, SaysNoToWhatItDoesNotFollow) {
  for (const char* pattern : {"\\bx", "\\pL", "[[:alpha:]]", "(?m)^a", "\\Qa\\E", "(?i)é"})
    EXPECT_EQ(make_pattern_machine(pattern, false), nullptr) << pattern;
  EXPECT_NE(make_pattern_machine("^emp-[0-9]{3}$", false), nullptr);
}

TEST(DiffMachine, ComparesNumbersDigitByDigit) {
  const auto compared = [](double limit, const char* text) {
    const auto machine = make_number_machine(limit);
    const int output = run(*machine, text);
    return output < 0 ? std::string("none")
                      : std::string(1, "<=>"[output / 2]) + (output % 2 == 1 ? "" : " part");
  };
  EXPECT_EQ(compared(10, "10"), "=");
  EXPECT_EQ(compared(10, "9"), "<");
  EXPECT_EQ(compared(10, "100"), ">");
  EXPECT_EQ(compared(10, "10.0"), "=");
  EXPECT_EQ(compared(10, "10.01"), "> part");
  EXPECT_EQ(compared(10, "9.99"), "< part");
  EXPECT_EQ(compared(10, "-11"), "<");
  EXPECT_EQ(compared(-2, "-3"), "<");
  EXPECT_EQ(compared(-2, "-1"), ">");
  EXPECT_EQ(compared(-2, "0"), ">");
  EXPECT_EQ(compared(0, "-0"), "=");
  EXPECT_EQ(compared(2.5, "2"), "<");
  EXPECT_EQ(compared(2.5, "2.50"), "= part");
  for (const char* text : {"", "-", "01", "1.", ".5", "x", "1e2", "+1"})
    EXPECT_EQ(compared(1, text), "none") << text;
}

TEST(DiffMachine, TheSearchFindsEveryCombinationThatOccurs) {
  std::vector<std::unique_ptr<TextMachine>> machines, forbidden;
  machines.push_back(make_pattern_machine("^a", false));
  machines.push_back(make_pattern_machine("^ab", false));
  machines.push_back(make_length_machine({3}));
  const TextSearch search = search_texts(machines, forbidden, false);
  EXPECT_TRUE(search.complete);
  EXPECT_EQ(search.texts.size(), 6U);  // of 8: ^ab without ^a does not occur, long or short
}

TEST(DiffMachine, TheSearchLeavesOutWhatIsForbidden) {
  std::vector<std::unique_ptr<TextMachine>> machines, forbidden;
  machines.push_back(make_constants_machine({"x", "xy"}));
  forbidden.push_back(make_pattern_machine("y", false));
  const TextSearch search = search_texts(machines, forbidden, false);
  EXPECT_EQ(search.texts.size(), 2U);
}

}  // namespace
}  // namespace sluice
