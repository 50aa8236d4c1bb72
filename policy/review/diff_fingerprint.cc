#include "policy/review/diff_fingerprint.h"

#include <re2/re2.h>

#include <map>

namespace sluice {
namespace {

// Every part carries its length, so that two lists of parts never read the same.
class Writer {
 public:
  // What their clocks show, of the zones written so far.
  using Zones = std::map<const TimeZone*, std::string>;

  explicit Writer(Zones& zones) : zones_(zones) {}

  void add(std::string_view text) { text_ += std::to_string(text.size()) + ":" + std::string(text); }
  void add(const char* text) { add(std::string_view(text)); }
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(double number) { add(std::string_view(reinterpret_cast<const char*>(&number), sizeof number)); }
  template <class Number>
  void add_number(Number number) {
    add(std::to_string(number));
  }
  void add(const std::vector<bool>& set) {
    std::string bits;
    for (bool one : set) bits += one ? '1' : '0';
    add(bits);
  }
  template <class T, class Each>
  void list(const std::vector<T>& values, const Each& each) {
    add_number(values.size());
    for (const T& value : values) each(value);
  }
  template <class T>
  void bound(const std::optional<T>& value) {
    if (!value) return add("-");
    if constexpr (std::is_same_v<T, double>) {
      add(*value);
    } else {
      add_number(*value);
    }
  }

  void value(const JsonValue& json) {
    add_number(static_cast<int>(json.type));
    add(json.text);
    add_number(json.boolean);
    add_number(json.integer_exact ? json.integer : 0);
    add(json.number);
    list(json.items, [this](const JsonValue& item) { value(item); });
    add_number(json.members.size());
    for (const auto& [key, member] : json.members) {
      add(key);
      value(member);
    }
  }

  void constraint(const Constraint& constraint) {
    add(!constraint.present ? "-" : (*constraint.present ? "present" : "absent"));
    list(constraint.allowed, [this](const Literal& literal) {
      value(literal.value);
      add(literal.as_written);
    });
    add(constraint.pattern ? "/" + constraint.pattern->pattern() : "-");
    bound(constraint.minimum);
    bound(constraint.maximum);
    bound(constraint.min_length);
    bound(constraint.max_length);
    bound(constraint.min_items);
    bound(constraint.max_items);
    add_number(constraint.unique_items);
    list(constraint.types, [this](JsonType type) { add_number(static_cast<int>(type)); });
  }

  void constraints(const ConstraintSet& set) {
    for (const auto* named : {&set.params, &set.queries, &set.headers}) {
      list(*named, [this](const NamedConstraint& one) {
        add(one.name);
        constraint(one.constraint);
      });
    }
    list(set.body, [this](const BodyConstraint& one) {
      add(one.pointer.text());
      constraint(one.constraint);
    });
  }

  void window(const TimeWindow& window) {
    for (bool day : window.days) add_number(day);
    list(window.hours, [this](const TimeWindow::Hours& hours) {
      add_number(hours.start);
      add_number(hours.end);
    });
    add(window.zone ? clocks_of(*window.zone) : "");
    add("end");
  }

  void conditions(const Conditions& conditions) {
    for (const auto* set :
         {&conditions.clients, &conditions.groups, &conditions.apis, &conditions.operations})
      add(*set);
    list(conditions.access, [this](Access access) { add_number(static_cast<int>(access)); });
    for (const auto* names : {&conditions.tags, &conditions.methods})
      list(*names, [this](const std::string& name) { add(name); });
    list(conditions.paths, [this](const PathTemplate& path) {
      add_number(path.any_depth);
      list(path.segments, [this](const PathTemplate::Segment& segment) {
        add_number(segment.parameter);
        add(segment.text);
      });
    });
    constraints(conditions.values);
    list(conditions.sources, [this](const Cidr& cidr) {
      add(to_text(cidr.network));
      add_number(cidr.bits);
    });
    list(conditions.times, [this](const TimeWindow& one) { window(one); });
  }

  std::string take() { return std::move(text_); }

 private:
  // Every nine days from 1970 to 2100.
  const std::string& clocks_of(const TimeZone& zone) {
    constexpr int64_t kStep = 9LL * 24 * 3600, kLast = 4'102'444'800;
    const auto [known, is_new] = zones_.try_emplace(&zone);
    int32_t before = 0;
    for (int64_t at = 0; is_new && at < kLast; at += kStep) {
      const int32_t offset = zone.offset_at(at);
      if (offset != before) known->second += std::to_string(at) + ":" + std::to_string(offset) + " ";
      before = offset;
    }
    return known->second;
  }

  Zones& zones_;
  std::string text_;
};

std::string fingerprint(const Rule& rule, Writer::Zones& zones) {
  Writer writer(zones);
  writer.add_number(static_cast<int>(rule.effect));
  writer.add_number(static_cast<int>(rule.mode));
  writer.conditions(rule.when);
  writer.add(rule.excluded ? "not" : "-");
  if (rule.excluded) writer.conditions(*rule.excluded);
  writer.constraints(rule.required);
  return writer.take();
}

}  // namespace

std::vector<std::string> fingerprints(const std::vector<Rule>& rules) {
  Writer::Zones zones;
  std::vector<std::string> prints;
  prints.reserve(rules.size());
  for (const Rule& rule : rules) prints.push_back(fingerprint(rule, zones));
  return prints;
}

}  // namespace sluice
