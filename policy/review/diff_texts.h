// diff_texts: representative texts for a set of constraints: for every combination of answers that a text can
// give, one text. Judged by the gate's own matchers; found by a search that is complete for what it
// understands (diff_machine.h), and says so when it is not. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/matchers.h"
#include "policy/rule.h"

namespace sluice {

// One constraint, and what the rule wants to know of it.
struct Question {
  const Constraint* constraint = nullptr;
  Reading reading = Reading::kPermits;

  // An answer about one value, such that several values answer what one of them does. Under kRestricts one
  // suffices to hold; else one suffices to fail.
  bool answer(Truth truth) const {
    return reading == Reading::kRestricts ? truth != Truth::kFails : truth != Truth::kHolds;
  }
  bool answer_absent() const {
    switch (reading) {
      case Reading::kPermits: return constraint->present != false;
      case Reading::kRestricts: return constraint->present == false;
      case Reading::kDemands: return constraint->present == true;
    }
    return true;
  }
  bool operator==(const Question&) const = default;
};

// By question.
using Answers = std::vector<bool>;

enum class TextPlace : uint8_t { kQuery, kHeader, kSegment, kJson };

struct TextWitness {
  std::string text;
  Answers answers;  // for each question, then for each literal whether it is that
};

struct TextWitnesses {
  std::vector<TextWitness> all;  // never two with the same answers; plain ones first
  std::string gap;               // not empty: why some combination may be missing
};

// `fold`: the API compares without case. `literals`: texts that matter by themselves, such as the literal
// segments of paths.
TextWitnesses find_texts(const std::vector<Question>& questions, TextPlace place, bool fold,
                         const std::vector<std::string>& literals);

// The numbers at which `constraint` changes its mind: of ranges and constants.
void add_numbers(const Constraint& constraint, std::vector<double>& numbers);
// Each of them, what is around and between: enough for every comparison with them.
std::vector<double> numbers_around(std::vector<double> numbers);
std::string number_text(double number);

// What a request has to write for a text: percent-encoded but for unreserved characters (RFC 3986 2.3).
std::string percent_encode(std::string_view text);

}  // namespace sluice
