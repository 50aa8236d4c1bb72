#include "policy/conditions_reader.h"

#include <algorithm>

#include "config/map_reader.h"
#include "policy/constraint_reader.h"
#include "policy/methods.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr size_t kMostNamesInMessage = 16;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

// One text, or a list of at least one.
template <class Each>
void for_each_text(const Value& value, std::string_view what, Findings& findings, Each each) {
  if (value.is_list() && value.items.empty()) {
    findings.error(value.at, "empty-list",
                   std::string(what) + ": an empty list matches nothing, name at least one");
    return;
  }
  if (!value.is_list()) {
    if (const auto text = read_text(value, what, findings)) each(value, *text);
    return;
  }
  for (const Value& item : value.items) {
    if (const auto text = read_text(item, what, findings)) each(item, *text);
  }
}

void report_unknown(const Value& value, std::string_view what, std::string_view rule,
                    const std::vector<std::string>& known, Findings& findings) {
  std::string hint = suggestion(value.text, known);
  if (hint.empty() && !known.empty() && known.size() <= kMostNamesInMessage) {
    for (const std::string& name : known) hint += (hint.empty() ? ", known: " : ", ") + name;
  }
  findings.error(value.at, rule,
                 std::string(what) + ": unknown " + std::string(what) + " " + quoted(value.text) + hint);
}

Result<PathTemplate> parse_template(std::string_view text) {
  const std::string said = "path: " + quoted(text);
  if (text.empty() || text[0] != '/') return Error{said + " does not start with /"};
  if (text.find_first_of("?#%\\") != std::string_view::npos) {
    return Error{said + " holds one of ? # % \\: write the path decoded and without its query"};
  }
  PathTemplate path;
  std::string_view rest = text.substr(1);
  while (true) {
    const size_t slash = rest.find('/');
    const bool last = slash == std::string_view::npos;
    const std::string_view segment = rest.substr(0, slash);
    if (segment == "**" && last) {
      path.any_depth = true;
      return path;
    }
    if (segment.empty() && !last) return Error{said + " has an empty segment"};
    if (segment == "." || segment == "..") return Error{said + " has a dot segment"};
    const bool parameter = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
    const std::string_view name = parameter ? segment.substr(1, segment.size() - 2) : segment;
    if (name.find_first_of("{}*") != std::string_view::npos) {
      return Error{said + ": a segment is a text, a parameter such as {id}, or at the end **"};
    }
    const auto folded = fold_case(name);
    if (!folded) return Error{said + " is not UTF-8"};
    path.segments.push_back({parameter, std::string(name), *folded});
    if (last) return path;
    rest.remove_prefix(slash + 1);
  }
}

Result<std::shared_ptr<const TimeZone>> find_zone(const std::string& name, Zones& zones) {
  const auto known = zones.find(name);
  if (known != zones.end()) return known->second;
  auto loaded = TimeZone::load(name);
  if (loaded) zones.emplace(name, *loaded);
  return loaded;
}

std::optional<TimeWindow> read_time_window(const Value& value, Zones& zones, Findings& findings) {
  MapReader map(value, "time", findings);
  if (!map.is_map()) return std::nullopt;
  TimeWindow window;
  const Value* days = map.optional("days");
  const Value* hours = map.optional("hours");
  if (days == nullptr && hours == nullptr) {
    findings.error(value.at, "bad-time", "time: give days, hours or both");
  }
  const auto report = [&findings](const Value& item, const auto& result) {
    if (!result) findings.error(item.at, "bad-time", result.error().message);
  };
  if (days != nullptr) {
    window.days = {};
    for_each_text(*days, "days", findings, [&window, &report](const Value& item, const std::string& text) {
      report(item, parse_days(text, window.days));
    });
  }
  if (hours != nullptr) {
    window.hours.clear();
    for_each_text(*hours, "hours", findings, [&window, &report](const Value& item, const std::string& text) {
      const auto range = parse_hours(text);
      report(item, range);
      if (range) window.hours.push_back(*range);
    });
  }
  if (const Value* zone = map.optional("zone")) {
    if (const auto name = read_text(*zone, "zone", findings)) {
      auto loaded = find_zone(*name, zones);
      report(*zone, loaded);
      if (loaded) window.zone = *std::move(loaded);
    }
  }
  map.finish();
  return window;
}

// Reads the fields of one map.
class ConditionsReader {
 public:
  ConditionsReader(const Value& value, std::string_view what, const Vocabulary& vocabulary, Zones& zones,
                   Findings& findings)
      : map_(value, what, findings), vocabulary_(vocabulary), zones_(zones), findings_(findings) {}

  Conditions read() {
    read_names(Field::kClient, "unknown-client", vocabulary_.clients,
               [this](const std::string& name) { add_client(name); });
    read_names(Field::kGroup, "unknown-group", vocabulary_.groups,
               [this](const std::string& name) { add_group(name); });
    read_names(Field::kApi, "unknown-api", vocabulary_.apis,
               [this](const std::string& name) { add_api(name); });
    read_names(Field::kTag, "unknown-tag", vocabulary_.tags,
               [this](const std::string& name) { conditions_.tags.push_back(name); });
    read_operations();
    read_access();
    read_methods();
    read_paths();
    read_values();
    read_sources();
    read_times();
    return std::move(conditions_);
  }
  const Value* excluded() { return map_.optional("not"); }
  void finish() { map_.finish(); }

 private:
  // Marks the field as given.
  const Value* field(Field name) {
    const Value* value = map_.optional(to_text(name));
    if (value != nullptr) conditions_.said[static_cast<size_t>(name)] = flow_text(*value);
    return value;
  }

  template <class Each>
  void read_names(Field name, std::string_view rule, const std::vector<std::string>& known, Each each) {
    const Value* value = field(name);
    if (value == nullptr) return;
    if (name == Field::kClient) conditions_.clients.resize(vocabulary_.clients.size());
    if (name == Field::kGroup) conditions_.groups.resize(vocabulary_.clients.size());
    if (name == Field::kApi) conditions_.apis.resize(vocabulary_.apis.size());
    for_each_text(*value, to_text(name), findings_,
                  [this, name, rule, &known, &each](const Value& item, const std::string& text) {
                    if (std::find(known.begin(), known.end(), text) != known.end()) {
                      each(text);
                    } else {
                      report_unknown(item, to_text(name), rule, known, findings_);
                    }
                  });
  }

  void add_client(const std::string& name) {
    const auto& all = vocabulary_.clients;
    conditions_.clients[static_cast<size_t>(std::find(all.begin(), all.end(), name) - all.begin())] = true;
  }
  void add_group(const std::string& name) {
    for (size_t client = 0; client < vocabulary_.client_groups.size(); ++client) {
      const auto& groups = vocabulary_.client_groups[client];
      if (std::find(groups.begin(), groups.end(), name) != groups.end()) conditions_.groups[client] = true;
    }
  }
  void add_api(const std::string& name) {
    const auto& all = vocabulary_.apis;
    conditions_.apis[static_cast<size_t>(std::find(all.begin(), all.end(), name) - all.begin())] = true;
  }

  void read_operations() {
    const Value* value = field(Field::kOperation);
    if (value == nullptr) return;
    conditions_.operations.resize(vocabulary_.slots.size());
    for_each_text(*value, "operation", findings_, [this](const Value& item, const std::string& text) {
      if (text == "*") {
        findings_.error(item.at, "bad-operation",
                        "operation: a bare \"*\" is no operation, write \"*.*\" for every known one");
        return;
      }
      const std::vector<size_t> slots = vocabulary_.find_operations(text);
      for (size_t slot : slots) conditions_.operations[slot] = true;
      if (!slots.empty()) return;
      if (text.find('*') == std::string::npos) {
        report_unknown(item, "operation", "unknown-operation", vocabulary_.operation_ids(), findings_);
      } else {
        const std::string deeper = text + ".*";
        const bool fits_deeper = !vocabulary_.find_operations(deeper).empty();
        findings_.error(item.at, "unknown-operation",
                        "operation: " + quoted(text) + " fits no known operation" +
                            (fits_deeper ? ", did you mean " + quoted(deeper) + "?" : ""));
      }
    });
  }

  void read_access() {
    const Value* value = field(Field::kAccess);
    if (value == nullptr) return;
    for_each_text(*value, "access", findings_, [this](const Value& item, const std::string& text) {
      if (text == "read" || text == "write") {
        conditions_.access.push_back(text == "read" ? Access::kRead : Access::kWrite);
      } else {
        findings_.error(item.at, "invalid-value",
                        "access: unknown value " + quoted(text) + ", allowed: read, write");
      }
    });
  }

  void read_methods() {
    const Value* value = field(Field::kMethod);
    if (value == nullptr) return;
    for_each_text(*value, "method", findings_, [this](const Value& item, const std::string& text) {
      if (standing_of(text) == MethodStanding::kServed) {
        conditions_.methods.push_back(text);
      } else {
        const std::vector<std::string> served(served_methods().begin(), served_methods().end());
        const std::string hint = suggestion(text, served);
        findings_.error(item.at, "unknown-method",
                        "method: " + quoted(text) + " is not served" +
                            (hint.empty() ? ", write one that is, such as GET or POST" : hint));
      }
    });
  }

  void read_paths() {
    const Value* value = field(Field::kPath);
    if (value == nullptr) return;
    for_each_text(*value, "path", findings_, [this](const Value& item, const std::string& text) {
      auto path = parse_template(text);
      if (path) {
        conditions_.paths.push_back(*std::move(path));
      } else {
        findings_.error(item.at, "bad-path", path.error().message);
      }
    });
  }

  void read_values() {
    ConstraintSet& values = conditions_.values;
    if (const Value* value = field(Field::kParam))
      values.params = read_named_constraints(*value, Field::kParam, findings_);
    if (const Value* value = field(Field::kQuery))
      values.queries = read_named_constraints(*value, Field::kQuery, findings_);
    if (const Value* value = field(Field::kHeader))
      values.headers = read_named_constraints(*value, Field::kHeader, findings_);
    if (const Value* value = field(Field::kBody)) values.body = read_body_constraints(*value, findings_);
  }

  void read_sources() {
    const Value* value = field(Field::kSource);
    if (value == nullptr) return;
    for_each_text(*value, "source", findings_, [this](const Value& item, const std::string& text) {
      if (const auto cidr = parse_cidr(text)) {
        conditions_.sources.push_back(*cidr);
      } else {
        findings_.error(item.at, "bad-source",
                        "source: " + quoted(text) +
                            " is no network such as 10.0.0.0/8 or fd00::/8, nor an address; no bit may be "
                            "set beyond the prefix");
      }
    });
  }

  void read_times() {
    const Value* value = field(Field::kTime);
    if (value == nullptr) return;
    if (value->is_list() && value->items.empty()) {
      findings_.error(value->at, "empty-list", "time: an empty list matches nothing, name at least one");
    }
    const std::vector<Value> single{*value};
    for (const Value& item : value->is_list() ? value->items : single) {
      if (auto window = read_time_window(item, zones_, findings_))
        conditions_.times.push_back(*std::move(window));
    }
  }

  MapReader map_;
  const Vocabulary& vocabulary_;
  Zones& zones_;
  Findings& findings_;
  Conditions conditions_;
};

}  // namespace

void read_when(const Value& value, const Vocabulary& vocabulary, Zones& zones, Rule& rule,
               Findings& findings) {
  rule.when_text = flow_text(value);
  ConditionsReader reader(value, "when", vocabulary, zones, findings);
  rule.when = reader.read();
  const Value* excluded = reader.excluded();
  reader.finish();
  if (excluded == nullptr) return;
  rule.when.said[static_cast<size_t>(Field::kNot)] = flow_text(*excluded);
  if (excluded->is_map() && excluded->entries.empty()) {
    findings.error(excluded->at, "empty-not",
                   "not: it excludes nothing that is named, give at least one field");
    return;
  }
  ConditionsReader inner(*excluded, "not", vocabulary, zones, findings);
  rule.excluded = inner.read();
  inner.finish();
}

}  // namespace sluice
