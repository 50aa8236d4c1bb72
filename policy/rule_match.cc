#include "policy/rule_match.h"

#include <algorithm>

#include "config/ascii.h"

namespace sluice {
namespace {

bool names_index(const std::vector<bool>& set, size_t index) {
  return set.empty() || (index < set.size() && set[index]);
}

bool template_fits(const PathTemplate& path, const DecodedPath& request, bool fold) {
  const size_t length = path.segments.size();
  if (path.any_depth ? request.segments.size() <= length : request.segments.size() != length) return false;
  for (size_t i = 0; i < length; ++i) {
    const PathTemplate::Segment& segment = path.segments[i];
    const bool fits = segment.parameter ? !request.segments[i].empty()
                                        : (fold ? segment.folded == request.folded[i]
                                                : segment.text == request.segments[i]);
    if (!fits) return false;
  }
  return true;
}

}  // namespace

template <class One>
bool RuleMatcher::all_hold(const std::vector<One>& constraints, Reading reading,
                           bool (RuleMatcher::*matches)(const One&, Reading) const) {
  for (const One& constraint : constraints) {
    if ((this->*matches)(constraint, reading)) continue;
    index_ = static_cast<uint32_t>(&constraint - constraints.data());
    return false;
  }
  return true;
}

template <class Add>
void RuleMatcher::each_capture(const std::vector<PathTemplate>& paths, const Add& add) const {
  for (const PathTemplate& path : paths) {
    if (!template_fits(path, facts_.path(), facts_.fold())) continue;
    for (size_t i = 0; i < path.segments.size(); ++i) {
      if (path.segments[i].parameter) add(path.segments[i].text, facts_.path().segments[i]);
    }
  }
}

// Every path template of the rule that fits adds its parameters to the operation's, so that a list of
// templates hides none.
bool RuleMatcher::param_matches(const NamedConstraint& constraint, Reading reading) const {
  Tally tally(constraint.constraint, reading);
  const auto add = [&tally, &constraint, this](std::string_view name, std::string_view value) {
    if (name == constraint.name) tally.add(check_text(constraint.constraint, value, facts_.fold()));
  };
  for (const Parameter& parameter : fit_.parameters) add(parameter.name, parameter.value);
  each_capture(rule_->when.paths, add);
  if (in_not_) each_capture(rule_->excluded->paths, add);
  return tally.result();
}

bool RuleMatcher::query_matches(const NamedConstraint& constraint, Reading reading) const {
  Tally tally(constraint.constraint, reading);
  const std::string_view wanted = facts_.fold() ? constraint.folded_name : constraint.name;
  for (const QueryParameter& parameter : facts_.query()) {
    if (parameter.name == wanted) tally.add(check_text(constraint.constraint, parameter.value, false));
  }
  return tally.result();
}

bool RuleMatcher::header_matches(const NamedConstraint& constraint, Reading reading) const {
  Tally tally(constraint.constraint, reading);
  for (const HeaderView& header : facts_.request().headers) {
    if (!equals_ignoring_case(header.name, constraint.name)) continue;
    tally.add(check_text(constraint.constraint, header.value, false));
  }
  return tally.result();
}

bool RuleMatcher::member_matches(const BodyConstraint& constraint, Reading reading) const {
  return body_matches(constraint, body_, facts_.fold(), reading);
}

bool RuleMatcher::names_access(const std::vector<Access>& access) const {
  return access.empty() || std::find(access.begin(), access.end(), fit_.access) != access.end();
}

bool RuleMatcher::names_tag(const std::vector<std::string>& tags) const {
  return tags.empty() ||
         std::any_of(tags.begin(), tags.end(), [this](const std::string& tag) { return fit_.has_tag(tag); });
}

bool RuleMatcher::names_source(const std::vector<Cidr>& sources) const {
  for (const Cidr& cidr : sources) {
    if (cidr.contains(facts_.request().source)) return true;
  }
  return sources.empty();
}

bool RuleMatcher::names_time(const std::vector<TimeWindow>& times) const {
  return times.empty() || std::any_of(times.begin(), times.end(), [this](const TimeWindow& window) {
           return window.contains(facts_.request().at);
         });
}

bool RuleMatcher::path_fits(const std::vector<PathTemplate>& paths) const {
  return paths.empty() || std::any_of(paths.begin(), paths.end(), [this](const PathTemplate& candidate) {
           return template_fits(candidate, facts_.path(), facts_.fold());
         });
}

bool RuleMatcher::constraints_hold(const ConstraintSet& set, Field field, Reading reading) {
  switch (field) {
    case Field::kParam: return all_hold(set.params, reading, &RuleMatcher::param_matches);
    case Field::kQuery: return all_hold(set.queries, reading, &RuleMatcher::query_matches);
    case Field::kHeader: return all_hold(set.headers, reading, &RuleMatcher::header_matches);
    case Field::kBody: return all_hold(set.body, reading, &RuleMatcher::member_matches);
    default: return true;  // no other field has constraints
  }
}

// A field that was not given holds.
bool RuleMatcher::holds(const Conditions& conditions, Field field, Reading reading) {
  const RequestView& request = facts_.request();
  switch (field) {
    case Field::kClient: return names_index(conditions.clients, request.client);
    case Field::kGroup: return names_index(conditions.groups, request.client);
    case Field::kApi: return names_index(conditions.apis, request.api);
    case Field::kOperation: return names_index(conditions.operations, fit_.slot);
    case Field::kAccess: return names_access(conditions.access);
    case Field::kTag: return names_tag(conditions.tags);
    case Field::kMethod:
      return conditions.methods.empty() || names_method(conditions.methods, request.method);
    case Field::kSource: return names_source(conditions.sources);
    case Field::kTime: return names_time(conditions.times);
    case Field::kPath: return path_fits(conditions.paths);
    case Field::kParam:
    case Field::kQuery:
    case Field::kHeader:
    case Field::kBody: return constraints_hold(conditions.values, field, reading);
    case Field::kNot:  // see excludes()
    case Field::kNone: break;
  }
  return true;
}

// The first open field that does not hold, or kNone; index() says which constraint of it.
Field RuleMatcher::failing_field(const Conditions& conditions, FieldSet open, Reading reading) {
  for (Field field : open) {
    if (!holds(conditions, field, reading)) return field;
  }
  return Field::kNone;
}

Field RuleMatcher::failing_constraint(const ConstraintSet& set, FieldSet open, Reading reading) {
  for (Field field : open) {
    if (!constraints_hold(set, field, reading)) return field;
  }
  return Field::kNone;
}

bool RuleMatcher::excludes(const Conditions& excluded, FieldSet open, Reading reading) {
  in_not_ = true;
  const bool matches = failing_field(excluded, open, reading) == Field::kNone;
  in_not_ = false;
  return matches;
}

Access access_of_method(std::string_view method) {
  return method == "GET" || method == "HEAD" ? Access::kRead : Access::kWrite;
}

bool names_method(const std::vector<std::string>& methods, std::string_view method) {
  return std::any_of(methods.begin(), methods.end(), [method](const std::string& name) {
    return name == method || (name == "GET" && method == "HEAD");
  });
}

}  // namespace sluice
