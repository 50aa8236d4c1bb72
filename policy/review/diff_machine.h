// diff_machine: small machines that read a text character by character, one for each question about texts
// (a pattern, a length, a constant, a number), and a search of all of them at once: the shortest text for
// every combination of answers that can occur. What the search finds complete is a proof that no other
// combination does; what it finds is only a suggestion, judged by the matchers of the gate.
// Owner: find_texts() (diff_texts.h). Thread: its caller's. Fails: the search is bounded, and says so.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class TextMachine {
 public:
  virtual ~TextMachine() = default;
  virtual int start() = 0;
  virtual int step(int state, char32_t c) = 0;
  // The answer if the text ended here.
  virtual int output(int state) = 0;
  // The characters from which on the machine may behave differently than on the one before.
  virtual void add_cuts(std::set<char32_t>& cuts) const = 0;
};

// Whether RE2 finds the pattern somewhere in the text: 0 or 1. nullptr when the pattern uses more than the
// usual syntax. `ignore_case`: of letters in ASCII; a pattern beyond ASCII is then not read.
std::unique_ptr<TextMachine> make_pattern_machine(std::string_view pattern, bool ignore_case);
// How many of `cuts` the length in code points reaches.
std::unique_ptr<TextMachine> make_length_machine(std::vector<uint64_t> cuts);
// Which of the texts it is; -1: none.
std::unique_ptr<TextMachine> make_constants_machine(const std::vector<std::string>& constants);
// Whether it is a JSON number without an exponent, below, at or above `limit`, and whether a whole one.
std::unique_ptr<TextMachine> make_number_machine(double limit);

struct TextSearch {
  std::vector<std::string> texts;  // shortest first
  bool complete = true;
};

// `forbidden` answer 1 for texts that cannot occur. `folded`: only texts that case folding leaves alone.
TextSearch search_texts(const std::vector<std::unique_ptr<TextMachine>>& machines,
                        const std::vector<std::unique_ptr<TextMachine>>& forbidden, bool folded);

// Characters as UTF-8 and back. Requires, of decode: valid UTF-8.
void append_utf8(char32_t c, std::string& out);
std::u32string decode_utf8(std::string_view text);

}  // namespace sluice
