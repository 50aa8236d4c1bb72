#include "policy/review/diff_items.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "policy/json_view.h"

namespace sluice {
namespace {

constexpr uint64_t kMostItems = 300;
constexpr size_t kMostCombinations = 3000;

// Another value that is likely to answer the same; only texts and numbers have some.
std::string variant(const std::string& text, size_t number) {
  if (text.size() >= 2 && text.front() == '"') {
    std::string other = text;
    other.insert(other.size() - 1, std::to_string(number));
    return other;
  }
  return "\"x" + std::to_string(number) + "\"";
}

std::string array_text(const std::vector<SampleValue>& items, const std::vector<size_t>& chosen, size_t count,
                       bool distinct) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    const SampleValue& item = items[chosen[std::min(i, chosen.size() - 1)]];
    const bool repeats = i >= chosen.size();
    text += (text.empty() ? "" : ",") + (repeats && distinct ? variant(item.text, i) : item.text);
  }
  return "[" + text + "]";
}

// Answers in words, which are joined and compared much faster.
using Bits = std::vector<uint64_t>;

Bits bits_of(const Answers& answers) {
  Bits bits((answers.size() + 63) / 64);
  for (size_t i = 0; i < answers.size(); ++i) bits[i / 64] |= static_cast<uint64_t>(answers[i]) << i % 64;
  return bits;
}

struct BitsHash {
  size_t operator()(const Bits& bits) const {
    return std::hash<std::string_view>()(
        {reinterpret_cast<const char*>(bits.data()), bits.size() * sizeof(uint64_t)});
  }
};

}  // namespace

Combinations combine_answers(const std::vector<Answers>& values, std::string& gap) {
  std::vector<Bits> bits;
  bits.reserve(values.size());
  for (const Answers& answers : values) bits.push_back(bits_of(answers));
  std::unordered_map<Bits, size_t, BitsHash> known;  // where in `all`
  std::vector<std::pair<const Bits*, std::vector<size_t>>> all;
  const auto reach = [&known, &all](Bits answers, std::vector<size_t> chosen) {
    const auto [place, is_new] = known.emplace(std::move(answers), all.size());
    if (is_new) all.emplace_back(&place->first, std::move(chosen));
  };
  for (size_t i = 0; i < bits.size(); ++i) reach(bits[i], {i});
  for (size_t at = 0; at < all.size(); ++at) {
    if (all.size() > kMostCombinations) {
      gap = "its repeated values are too many to combine";
      break;
    }
    for (size_t i = 0; i < bits.size(); ++i) {
      Bits together = *all[at].first;
      for (size_t k = 0; k < together.size(); ++k) together[k] |= bits[i][k];
      if (together == *all[at].first || known.count(together) > 0) continue;
      std::vector<size_t> chosen = all[at].second;
      chosen.push_back(i);
      reach(std::move(together), std::move(chosen));
    }
  }
  Combinations combinations;
  for (auto& [answers, chosen] : all) {
    Answers one = values[chosen[0]];
    for (size_t value : chosen) {
      for (size_t k = 0; k < one.size(); ++k) one[k] = one[k] || values[value][k];
    }
    combinations.emplace(std::move(one), std::move(chosen));
  }
  return combinations;
}

void SampleSet::add(SampleValue value) {
  const auto [place, added] = by_answers_.try_emplace(value.answers, value);
  if (added) {
    order_.push_back(value.answers);
    return;
  }
  SampleValue& known = place->second;
  if (value.fields < known.fields) known = std::move(value);
}

std::vector<SampleValue> SampleSet::take() {
  std::vector<SampleValue> all;
  for (const Answers& answers : order_) all.push_back(std::move(by_answers_.at(answers)));
  by_answers_.clear();
  order_.clear();
  return all;
}

void ItemsAsked::add(const Constraint& constraint) {
  if (constraint.min_items || constraint.max_items || constraint.unique_items) any = true;
  for (JsonType type : constraint.types) any = any || type == JsonType::kArray;
  unique = unique || constraint.unique_items;
  if (constraint.min_items) add_count(*constraint.min_items);
  if (constraint.max_items) add_count(*constraint.max_items);
}

void ItemsAsked::add(const BodySchema& schema) {
  if (schema.type == BodySchema::Type::kArray) any = true;
  if (schema.min_items) add_count(*schema.min_items);
  if (schema.max_items) add_count(*schema.max_items);
}

void ItemsAsked::add_count(uint64_t count) {
  if (count > kMostItems) {
    too_many = true;
    return;
  }
  const auto number = static_cast<size_t>(count);
  counts.insert({number, number + 1, number == 0 ? 0 : number - 1});
}

ArrayTexts combine_items(const std::vector<SampleValue>& items, const ItemsAsked& asked) {
  ArrayTexts arrays;
  if (asked.too_many) arrays.gap = "a number of items in it is too great for an example";
  arrays.all.push_back({"[]", 0, {}});
  std::vector<Answers> values;
  values.reserve(items.size());
  for (const SampleValue& item : items) values.push_back(item.answers);
  for (const auto& [answers, chosen] : combine_answers(values, arrays.gap)) {
    std::set<size_t> counts = asked.counts;
    counts.insert(chosen.size());
    for (size_t count : counts) {
      if (count < chosen.size() || count == 0) continue;
      arrays.all.push_back({array_text(items, chosen, count, true), count, {}});
      if (count > chosen.size()) arrays.all.push_back({array_text(items, chosen, count, false), count, {}});
    }
  }
  return arrays;
}

}  // namespace sluice
