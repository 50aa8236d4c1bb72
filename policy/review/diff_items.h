// diff_items: arrays out of items, for diff_body: every combination of answers that the items can give
// together, in every number of items that matters. Pure; any thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/catalogue/catalogue.h"
#include "policy/review/diff_texts.h"

namespace sluice {

// A JSON value, and what it answers to those who ask about its place or below.
struct SampleValue {
  std::string text;
  size_t fields = 0;
  Answers answers;
};

// Of values with the same answers, the simplest.
class SampleSet {
 public:
  void add(SampleValue value);
  size_t size() const { return by_answers_.size(); }
  std::vector<SampleValue> take();

 private:
  std::map<Answers, SampleValue> by_answers_;
  std::vector<Answers> order_;
};

// What several values answer together, and the fewest of them that do, by index. Every combination, unless
// `gap` says that they were too many.
using Combinations = std::map<Answers, std::vector<size_t>>;
Combinations combine_answers(const std::vector<Answers>& values, std::string& gap);

// What is asked of an array as a whole.
struct ItemsAsked {
  bool any = false;
  bool unique = false;
  std::set<size_t> counts{0, 1, 2};  // the numbers of items that matter
  bool too_many = false;             // a number in it is too great for an example

  void add(const Constraint& constraint);
  void add(const BodySchema& schema);

 private:
  void add_count(uint64_t count);
};

struct ArrayTexts {
  std::vector<SampleValue> all;  // without answers
  std::string gap;
};

ArrayTexts combine_items(const std::vector<SampleValue>& items, const ItemsAsked& asked);

}  // namespace sluice
