// The number machine: a decimal compared with a limit, digit by digit.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <tuple>

#include "policy/review/diff_machine.h"

namespace sluice {
namespace {

// Compares a decimal with a limit while reading it.
class NumberMachine : public TextMachine {
 public:
  explicit NumberMachine(double limit) : below_zero_(limit < 0) {
    std::array<char, 400> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), std::abs(limit), std::chars_format::fixed);
    const std::string all(text.data(), end.ptr);
    const size_t point = std::min(all.find('.'), all.size());
    whole_ = all.substr(0, point);
    if (point < all.size()) fraction_ = all.substr(point + 1);
    while (!fraction_.empty() && fraction_.back() == '0') fraction_.pop_back();
    dead_ = id({Phase::kDead});
  }
  int start() override { return id({Phase::kStart}); }
  int step(int state, char32_t c) override {
    Reading at = readings_[static_cast<size_t>(state)];
    if (at.phase == Phase::kDead) return dead_;
    const bool digit = c >= '0' && c <= '9';
    if (c == '-' && at.phase == Phase::kStart) {
      at.phase = Phase::kSign;
      at.negative = true;
    } else if (c == '.' && (at.phase == Phase::kZero || at.phase == Phase::kWhole)) {
      at.phase = Phase::kPoint;
      at.compared = compare_whole(at);
      at.count = 0;
    } else if (digit &&
               (at.phase == Phase::kStart || at.phase == Phase::kSign || at.phase == Phase::kWhole)) {
      at.phase = c == '0' && at.phase != Phase::kWhole ? Phase::kZero : Phase::kWhole;
      add_digit(at, static_cast<char>(c), whole_, true);
    } else if (digit && (at.phase == Phase::kPoint || at.phase == Phase::kFraction)) {
      at.phase = Phase::kFraction;
      at.whole = at.whole && c == '0';
      add_digit(at, static_cast<char>(c), fraction_, false);
    } else {
      return dead_;
    }
    at.zero = at.zero && (!digit || c == '0');
    return id(at);
  }
  int output(int state) override {
    const Reading& at = readings_[static_cast<size_t>(state)];
    if (at.phase != Phase::kZero && at.phase != Phase::kWhole && at.phase != Phase::kFraction) return -1;
    int compared = at.phase == Phase::kFraction ? at.compared : compare_whole(at);
    if (compared == 0) {
      const size_t seen = at.phase == Phase::kFraction ? static_cast<size_t>(at.count) : 0;
      if (seen < fraction_.size()) compared = -1;
    }
    const bool negative = at.negative && !at.zero;
    if (negative && below_zero_) compared = -compared;
    if (negative != below_zero_) compared = negative ? -1 : 1;
    return (compared + 1) * 2 + (at.whole ? 1 : 0);
  }
  void add_cuts(std::set<char32_t>& cuts) const override {
    for (char32_t c = '0'; c <= '9' + 1; ++c) cuts.insert(c);
    cuts.insert({'-', '.', '/'});
  }

 private:
  enum class Phase : uint8_t { kDead, kStart, kSign, kZero, kWhole, kPoint, kFraction };
  struct Reading {
    Phase phase = Phase::kStart;
    bool negative = false, zero = true, whole = true;
    int compared = 0;  // of the digits so far with as many of the limit
    int count = 0;     // of digits, up to one more than the limit has
    auto key() const { return std::tuple(phase, negative, zero, whole, compared, count); }
    bool operator<(const Reading& other) const { return key() < other.key(); }
  };

  static void add_digit(Reading& at, char digit, const std::string& limit, bool whole) {
    const auto place = static_cast<size_t>(at.count);
    const char other = place < limit.size() ? limit[place] : '0';
    if (at.compared == 0 && (!whole || place < limit.size())) at.compared = (digit > other) - (digit < other);
    at.count = std::min(at.count + 1, static_cast<int>(limit.size()) + 1);
  }
  int compare_whole(const Reading& at) const {
    const int length = static_cast<int>(whole_.size());
    if (at.count != length) return at.count > length ? 1 : -1;
    return at.compared;
  }
  int id(const Reading& reading) {
    const auto [found, added] = ids_.emplace(reading, static_cast<int>(readings_.size()));
    if (added) readings_.push_back(reading);
    return found->second;
  }

  const bool below_zero_;
  std::string whole_, fraction_;
  int dead_ = 0;
  std::map<Reading, int> ids_;
  std::vector<Reading> readings_;
};

}  // namespace

std::unique_ptr<TextMachine> make_number_machine(double limit) {
  return std::make_unique<NumberMachine>(limit);
}

}  // namespace sluice
