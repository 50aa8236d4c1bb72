// The pattern machine: the usual part of RE2's syntax as a nondeterministic automaton, made deterministic as
// it is walked.
#include <algorithm>
#include <map>
#include <optional>

#include "policy/review/diff_machine.h"
#include "policy/review/diff_pattern_reader.h"

namespace sluice {
namespace {

class PatternMachine : public TextMachine {
 public:
  PatternMachine() = default;

  // False when it gets too large.
  bool build(const PatternNode& pattern) {
    // The pattern may start anywhere: any character first, as often as wanted.
    accept_ = add({State::kAccept, 0, 0, {}});
    const size_t begin = compile(pattern, accept_);
    if (states_.size() > kMostNodes) return false;
    std::vector<bool> first(states_.size(), false);
    close(begin, true, false, first);
    sets_.push_back(std::move(first));  // a state of its own: only here does a text begin
    again_.assign(states_.size(), false);
    close(begin, false, false, again_);
    return true;
  }

  int start() override { return 0; }
  int step(int state, char32_t c) override {
    const std::pair<int, char32_t> key{state, c};
    if (const auto known = steps_.find(key); known != steps_.end()) return known->second;
    const std::vector<bool> from = sets_[static_cast<size_t>(state)];
    std::vector<bool> to = again_;
    if (from[accept_]) {
      to.assign(states_.size(), false);
      to[accept_] = true;
    } else {
      for (size_t i = 0; i < from.size(); ++i) {
        if (from[i] && states_[i].kind == State::kCharacters && states_[i].characters.has(c))
          close(states_[i].next, false, false, to);
      }
    }
    return steps_[key] = id(to);
  }
  int output(int state) override {
    const std::vector<bool>& from = sets_[static_cast<size_t>(state)];
    std::vector<bool> ended(states_.size(), false);
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] && states_[i].kind == State::kEnd) close(states_[i].next, state == 0, true, ended);
    }
    return from[accept_] || ended[accept_] ? 1 : 0;
  }
  void add_cuts(std::set<char32_t>& cuts) const override {
    for (const State& state : states_) {
      for (const auto& [low, high] : state.characters.ranges) cuts.insert({low, high + 1});
    }
  }

 private:
  static constexpr size_t kMostNodes = 4000;
  struct State {
    enum Kind : uint8_t { kAccept, kCharacters, kSplit, kBegin, kEnd } kind;
    size_t next = 0, other = 0;
    CharacterSet characters;
  };

  size_t add(State state) {
    states_.push_back(std::move(state));
    return states_.size() - 1;
  }

  // The state from which the pattern leads to `next`.
  size_t compile(const PatternNode& node, size_t next) {
    if (states_.size() > kMostNodes) return next;
    switch (node.kind) {
      case PatternNode::Kind::kCharacters: return add({State::kCharacters, next, 0, node.characters});
      case PatternNode::Kind::kBegin: return add({State::kBegin, next, 0, {}});
      case PatternNode::Kind::kEnd: return add({State::kEnd, next, 0, {}});
      case PatternNode::Kind::kSequence:
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child)
          next = compile(*child, next);
        return next;
      case PatternNode::Kind::kChoice: {
        size_t all = compile(node.children.back(), next);
        for (size_t i = node.children.size() - 1; i-- > 0;)
          all = add({State::kSplit, compile(node.children[i], next), all, {}});
        return all;
      }
      case PatternNode::Kind::kRepeat: return compile_repeat(node, next);
    }
    return next;
  }

  size_t compile_repeat(const PatternNode& node, size_t next) {
    if (!node.most) {
      const size_t loop = add({State::kSplit, 0, next, {}});
      const size_t body = compile(node.children[0], loop);
      states_[loop].next = body;
      next = loop;
    } else {
      const size_t after = next;
      for (int i = node.least; i < *node.most; ++i)
        next = add({State::kSplit, compile(node.children[0], next), after, {}});
    }
    for (int i = 0; i < node.least; ++i) next = compile(node.children[0], next);
    return next;
  }

  // Adds what is reached without a character.
  void close(size_t first, bool at_begin, bool at_end, std::vector<bool>& in) const {
    std::vector<size_t> open{first};
    while (!open.empty()) {
      const size_t at = open.back();
      open.pop_back();
      if (in[at]) continue;
      in[at] = true;
      const State& state = states_[at];
      const bool passes = state.kind == State::kSplit || (state.kind == State::kBegin && at_begin) ||
                          (state.kind == State::kEnd && at_end);
      if (passes) open.push_back(state.next);
      if (state.kind == State::kSplit) open.push_back(state.other);
    }
  }

  int id(const std::vector<bool>& set) {
    const auto [found, added] = ids_.emplace(set, static_cast<int>(sets_.size()));
    if (added) sets_.push_back(set);
    return found->second;
  }

  std::vector<State> states_;
  size_t accept_ = 0;
  std::vector<bool> again_;  // where the pattern may begin once the text has begun
  std::map<std::vector<bool>, int> ids_;
  std::vector<std::vector<bool>> sets_;
  std::map<std::pair<int, char32_t>, int> steps_;
};

}  // namespace

std::unique_ptr<TextMachine> make_pattern_machine(std::string_view pattern, bool ignore_case) {
  const std::optional<PatternNode> read = read_pattern_text(pattern, ignore_case);
  if (!read) return nullptr;
  auto machine = std::make_unique<PatternMachine>();
  if (!machine->build(*read)) return nullptr;
  return machine;
}

}  // namespace sluice
