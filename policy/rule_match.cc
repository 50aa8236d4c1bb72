#include "policy/rule_match.h"

#include <algorithm>
#include <span>

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

// Matches the fields of one map, or the constraints of a require rule.
class Matcher {
 public:
  Matcher(const Rule& rule, const RequestFacts& facts, const FitFacts& fit, const BodyView& body)
      : facts_(facts), fit_(fit), body_(body), when_paths_(rule.when.paths) {}

  // For the `not` of the rule.
  Matcher for_excluded(const Conditions& excluded) const {
    Matcher matcher = *this;
    matcher.not_paths_ = excluded.paths;
    return matcher;
  }

  // The open field that does not match, or kNone. Cheap fields first.
  Field failing_field(const Conditions& conditions, FieldSet open, Reading reading) {
    if (open.empty()) return Field::kNone;
    const RequestView& request = facts_.request();
    if (open.has(Field::kClient) && !names_index(conditions.clients, request.client)) return Field::kClient;
    if (open.has(Field::kGroup) && !names_index(conditions.groups, request.client)) return Field::kGroup;
    if (open.has(Field::kApi) && !names_index(conditions.apis, request.api)) return Field::kApi;
    if (open.has(Field::kOperation) && !names_index(conditions.operations, fit_.slot))
      return Field::kOperation;
    if (open.has(Field::kAccess) && !names_access(conditions.access)) return Field::kAccess;
    if (open.has(Field::kTag) && !names_tag(conditions.tags)) return Field::kTag;
    if (open.has(Field::kMethod) && !conditions.methods.empty() &&
        !names_method(conditions.methods, request.method))
      return Field::kMethod;
    if (open.has(Field::kSource) && !names_source(conditions.sources)) return Field::kSource;
    if (open.has(Field::kTime) && !names_time(conditions.times)) return Field::kTime;
    if (open.has(Field::kPath) && !path_fits(conditions.paths)) return Field::kPath;
    return failing_constraint(conditions.values, reading);
  }

  // The field of a constraint that does not hold; index() says which.
  Field failing_constraint(const ConstraintSet& set, Reading reading) {
    const auto param = [this, reading](const auto& constraint) { return param_matches(constraint, reading); };
    const auto query = [this, reading](const auto& constraint) { return query_matches(constraint, reading); };
    const auto header = [this, reading](const auto& constraint) {
      return header_matches(constraint, reading);
    };
    const auto body = [this, reading](const auto& constraint) {
      return body_matches(constraint, body_, facts_.fold(), reading);
    };
    if (!all_hold(set.params, param)) return Field::kParam;
    if (!all_hold(set.queries, query)) return Field::kQuery;
    if (!all_hold(set.headers, header)) return Field::kHeader;
    if (!all_hold(set.body, body)) return Field::kBody;
    return Field::kNone;
  }

  size_t index() const { return index_; }

 private:
  bool names_access(const std::vector<Access>& access) const {
    return access.empty() || std::find(access.begin(), access.end(), fit_.access) != access.end();
  }
  bool names_tag(const std::vector<std::string>& tags) const {
    return tags.empty() || std::any_of(tags.begin(), tags.end(),
                                       [this](const std::string& tag) { return fit_.has_tag(tag); });
  }
  bool names_source(const std::vector<Cidr>& sources) const {
    return sources.empty() || std::any_of(sources.begin(), sources.end(), [this](const Cidr& cidr) {
             return cidr.contains(facts_.request().source);
           });
  }
  bool names_time(const std::vector<TimeWindow>& times) const {
    return times.empty() || std::any_of(times.begin(), times.end(), [this](const TimeWindow& window) {
             return window.contains(facts_.request().at);
           });
  }
  // The parameters of every template that fits, so that a list of templates hides none.
  template <class Add>
  void each_capture(std::span<const PathTemplate> paths, const Add& add) const {
    for (const PathTemplate& path : paths) {
      if (!template_fits(path, facts_.path(), facts_.fold())) continue;
      for (size_t i = 0; i < path.segments.size(); ++i) {
        if (path.segments[i].parameter) add(path.segments[i].text, facts_.path().segments[i]);
      }
    }
  }

  bool path_fits(const std::vector<PathTemplate>& paths) const {
    return paths.empty() || std::any_of(paths.begin(), paths.end(), [this](const PathTemplate& candidate) {
             return template_fits(candidate, facts_.path(), facts_.fold());
           });
  }

  template <class Constraints, class Holds>
  bool all_hold(const Constraints& constraints, const Holds& holds) {
    for (const auto& constraint : constraints) {
      if (holds(constraint)) continue;
      index_ = static_cast<size_t>(&constraint - constraints.data());
      return false;
    }
    return true;
  }

  bool param_matches(const NamedConstraint& constraint, Reading reading) const {
    Tally tally(constraint.constraint, reading);
    const auto add = [&tally, &constraint, this](std::string_view name, std::string_view value) {
      if (name == constraint.name) tally.add(check_text(constraint.constraint, value, facts_.fold()));
    };
    for (const Parameter& parameter : fit_.parameters) add(parameter.name, parameter.value);
    each_capture(when_paths_, add);
    each_capture(not_paths_, add);
    return tally.result();
  }
  bool query_matches(const NamedConstraint& constraint, Reading reading) const {
    Tally tally(constraint.constraint, reading);
    const std::string_view wanted = facts_.fold() ? constraint.folded_name : constraint.name;
    for (const QueryParameter& parameter : facts_.query()) {
      if (parameter.name == wanted) tally.add(check_text(constraint.constraint, parameter.value, false));
    }
    return tally.result();
  }
  bool header_matches(const NamedConstraint& constraint, Reading reading) const {
    Tally tally(constraint.constraint, reading);
    for (const HeaderView& header : facts_.request().headers) {
      if (!equals_ignoring_case(header.name, constraint.name)) continue;
      tally.add(check_text(constraint.constraint, header.value, false));
    }
    return tally.result();
  }

  const RequestFacts& facts_;
  const FitFacts& fit_;
  const BodyView& body_;
  std::span<const PathTemplate> when_paths_, not_paths_;  // they name parameters too
  size_t index_ = 0;
};

}  // namespace

RuleVerdict match_rule(const Rule& rule, const OpenFields& open, const RequestFacts& facts,
                       const FitFacts& fit, const BodyView& body) {
  RuleVerdict verdict;
  // What no catalogue knows is only allowed by a rule that says so literally.
  if (rule.effect == Effect::kAllow && fit.operation == nullptr && rule.when.operations.empty()) {
    verdict.field = Field::kOperation;
    return verdict;
  }
  const bool permits = rule.effect == Effect::kAllow;
  Matcher matcher(rule, facts, fit, body);
  verdict.field =
      matcher.failing_field(rule.when, open.when, permits ? Reading::kPermits : Reading::kRestricts);
  verdict.index = matcher.index();
  if (verdict.field != Field::kNone) return verdict;
  if (rule.excluded && open.when.has(Field::kNot)) {
    // What is doubtful must neither open an exception of a deny nor slip past one of an allow: the reading
    // turns round.
    Matcher excluded = matcher.for_excluded(*rule.excluded);
    const Field failing = excluded.failing_field(*rule.excluded, open.excluded,
                                                 permits ? Reading::kRestricts : Reading::kPermits);
    if (failing == Field::kNone) {
      verdict.field = Field::kNot;
      return verdict;
    }
  }
  verdict.matched = true;
  if (rule.effect != Effect::kRequire) return verdict;
  verdict.field = matcher.failing_constraint(rule.required, Reading::kDemands);
  verdict.index = matcher.index();
  verdict.violated = verdict.field != Field::kNone;
  return verdict;
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
