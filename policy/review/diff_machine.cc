#include "policy/review/diff_machine.h"

#include <algorithm>
#include <array>
#include <map>

#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr char32_t kEndOfCharacters = 0x110000;
constexpr size_t kMostStates = 20'000;

class LengthMachine : public TextMachine {
 public:
  explicit LengthMachine(std::vector<uint64_t> cuts) : cuts_(std::move(cuts)) {
    std::sort(cuts_.begin(), cuts_.end());
  }
  int start() override { return 0; }
  int step(int state, char32_t) override { return std::min(state + 1, static_cast<int>(cuts_.back())); }
  int output(int state) override {
    return static_cast<int>(std::upper_bound(cuts_.begin(), cuts_.end(), static_cast<uint64_t>(state)) -
                            cuts_.begin());
  }
  void add_cuts(std::set<char32_t>&) const override {}

 private:
  std::vector<uint64_t> cuts_;
};

// A state is a place in the constants' common beginnings.
class ConstantsMachine : public TextMachine {
 public:
  explicit ConstantsMachine(const std::vector<std::string>& constants) {
    for (size_t i = 0; i < constants.size(); ++i) {
      int at = 0;
      for (char32_t c : decode_utf8(constants[i])) {
        cuts_.insert({c, c + 1});
        const auto [next, added] = nodes_[static_cast<size_t>(at)].next.emplace(c, nodes_.size());
        at = static_cast<int>(next->second);
        if (added) nodes_.emplace_back();
      }
      nodes_[static_cast<size_t>(at)].constant = static_cast<int>(i);
    }
  }
  int start() override { return 0; }
  int step(int state, char32_t c) override {
    if (state < 0) return -1;
    const auto& next = nodes_[static_cast<size_t>(state)].next;
    const auto found = next.find(c);
    return found == next.end() ? -1 : static_cast<int>(found->second);
  }
  int output(int state) override { return state < 0 ? -1 : nodes_[static_cast<size_t>(state)].constant; }
  void add_cuts(std::set<char32_t>& cuts) const override { cuts.insert(cuts_.begin(), cuts_.end()); }

 private:
  struct Node {
    std::map<char32_t, size_t> next;
    int constant = -1;
  };
  std::vector<Node> nodes_{1};
  std::set<char32_t> cuts_;
};

// The nicest character from `first` up to `end`; 0 when there is none.
char32_t choose_character(char32_t first, char32_t end, bool folded) {
  const auto fits = [folded](char32_t c) {
    if (c >= 0xD800 && c <= 0xDFFF) return false;
    std::string text;
    append_utf8(c, text);
    return !folded || fold_case(text) == text;
  };
  constexpr std::array<std::pair<char32_t, char32_t>, 4> kNice{
      {{U'a', U'z'}, {U'0', U'9'}, {U'A', U'Z'}, {U'!', U'~'}}};
  for (const auto& [low, high] : kNice) {
    const char32_t from = std::max(low, first);
    if (from <= high && from < end && fits(from)) return from;
  }
  for (char32_t c = first; c < end && c < first + 3000; ++c) {
    if (c != 0 && fits(c)) return c;
  }
  return 0;
}

std::u32string alphabet_of(const std::set<char32_t>& cuts, bool folded) {
  std::u32string alphabet;
  for (auto cut = cuts.begin(); cut != cuts.end() && *cut < kEndOfCharacters; ++cut) {
    const auto next = std::next(cut);
    const char32_t c = choose_character(*cut, next == cuts.end() ? kEndOfCharacters : *next, folded);
    if (c != 0) alphabet += c;
  }
  return alphabet;
}

// All machines side by side, breadth first.
class Search {
 public:
  explicit Search(std::vector<TextMachine*> machines, size_t judging)
      : machines_(std::move(machines)), judging_(judging) {}

  TextSearch run(bool folded) {
    std::set<char32_t> cuts{0, U'a', U'{'};
    for (const TextMachine* machine : machines_) machine->add_cuts(cuts);
    const std::u32string alphabet = alphabet_of(cuts, folded);
    std::vector<int> state;
    for (TextMachine* machine : machines_) state.push_back(machine->start());
    reach(std::move(state), 0, 0);
    std::vector<int> next(machines_.size());
    for (size_t at = 0; at < steps_.size(); ++at) {
      for (char32_t c : alphabet) {
        for (size_t i = 0; i < machines_.size(); ++i) next[i] = machines_[i]->step((*steps_[at].state)[i], c);
        reach(next, at, c);
      }
      if (steps_.size() <= kMostStates) continue;
      found_.complete = false;
      break;
    }
    return std::move(found_);
  }

 private:
  struct Step {
    const std::vector<int>* state;
    size_t from;
    char32_t by;
  };

  void reach(std::vector<int> state, size_t from, char32_t by) {
    const auto [place, added] = seen_.insert(std::move(state));
    if (!added) return;
    steps_.push_back({&*place, from, by});
    std::vector<int> answers;
    for (size_t i = 0; i < machines_.size(); ++i) {
      const int answer = machines_[i]->output((*place)[i]);
      if (i < judging_) answers.push_back(answer);
      if (i >= judging_ && answer == 1) return;
    }
    if (answers_.insert(std::move(answers)).second) found_.texts.push_back(text_of(steps_.size() - 1));
  }
  std::string text_of(size_t step) const {
    std::u32string reversed;
    for (; step != 0; step = steps_[step].from) reversed += steps_[step].by;
    std::string text;
    for (auto c = reversed.rbegin(); c != reversed.rend(); ++c) append_utf8(*c, text);
    return text;
  }

  std::vector<TextMachine*> machines_;
  const size_t judging_;  // the machines after these forbid
  std::set<std::vector<int>> seen_, answers_;
  std::vector<Step> steps_;
  TextSearch found_;
};

}  // namespace

std::unique_ptr<TextMachine> make_length_machine(std::vector<uint64_t> cuts) {
  return std::make_unique<LengthMachine>(std::move(cuts));
}

std::unique_ptr<TextMachine> make_constants_machine(const std::vector<std::string>& constants) {
  return std::make_unique<ConstantsMachine>(constants);
}

TextSearch search_texts(const std::vector<std::unique_ptr<TextMachine>>& machines,
                        const std::vector<std::unique_ptr<TextMachine>>& forbidden, bool folded) {
  std::vector<TextMachine*> all;
  all.reserve(machines.size() + forbidden.size());
  for (const auto& machine : machines) all.push_back(machine.get());
  for (const auto& machine : forbidden) all.push_back(machine.get());
  return Search(std::move(all), machines.size()).run(folded);
}

void append_utf8(char32_t c, std::string& out) {
  const auto add = [&out](char32_t octet) { out += static_cast<char>(octet); };
  if (c < 0x80) return add(c);
  if (c < 0x800) {
    add(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    add(0xE0 | c >> 12);
    add(0x80 | (c >> 6 & 0x3F));
  } else {
    add(0xF0 | c >> 18);
    add(0x80 | (c >> 12 & 0x3F));
    add(0x80 | (c >> 6 & 0x3F));
  }
  add(0x80 | (c & 0x3F));
}

std::u32string decode_utf8(std::string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    char32_t c = lead;
    int more = 0;
    if (lead >= 0xC0) {
      more = lead >= 0xF0 ? 3 : (lead >= 0xE0 ? 2 : 1);
      c = lead & (0x3FU >> more);
    }
    for (; more > 0 && i < text.size(); --more) c = c << 6 | (static_cast<unsigned char>(text[i++]) & 0x3FU);
    out += c;
  }
  return out;
}

}  // namespace sluice
