#include "policy/rule_match.h"

#include <algorithm>

#include "config/ascii.h"

namespace sluice {
namespace {

using Captures = std::vector<std::pair<std::string_view, std::string_view>>;

bool names_index(const std::vector<bool>& set, size_t index) {
  return set.empty() || (index < set.size() && set[index]);
}

bool template_fits(const PathTemplate& path, const DecodedPath& request, bool fold, Captures& captures) {
  const size_t length = path.segments.size();
  if (path.any_depth ? request.segments.size() <= length : request.segments.size() != length) return false;
  const size_t before = captures.size();
  for (size_t i = 0; i < length; ++i) {
    const PathTemplate::Segment& segment = path.segments[i];
    const bool fits = segment.parameter ? !request.segments[i].empty()
                                        : (fold ? segment.folded == request.folded[i]
                                                : segment.text == request.segments[i]);
    if (!fits) {
      captures.resize(before);
      return false;
    }
    if (segment.parameter) captures.emplace_back(segment.text, request.segments[i]);
  }
  return true;
}

// Matches the fields of one map, or the constraints of a require rule.
class Matcher {
 public:
  Matcher(const RequestFacts& facts, const FitFacts& fit, const BodyView& body)
      : facts_(facts), fit_(fit), body_(body) {}

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
    for (index_ = 0; index_ < set.params.size(); ++index_) {
      if (!param_matches(set.params[index_], reading)) return Field::kParam;
    }
    for (index_ = 0; index_ < set.queries.size(); ++index_) {
      if (!query_matches(set.queries[index_], reading)) return Field::kQuery;
    }
    for (index_ = 0; index_ < set.headers.size(); ++index_) {
      if (!header_matches(set.headers[index_], reading)) return Field::kHeader;
    }
    for (index_ = 0; index_ < set.body.size(); ++index_) {
      if (!body_matches(set.body[index_], body_, facts_.fold(), reading)) return Field::kBody;
    }
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
  // Every template that fits adds its parameters, so that a list of templates hides none.
  bool path_fits(const std::vector<PathTemplate>& paths) {
    if (paths.empty()) return true;
    const DecodedPath& path = facts_.path();
    bool any = false;
    for (const PathTemplate& candidate : paths)
      any = template_fits(candidate, path, facts_.fold(), captures_) || any;
    return any;
  }

  bool param_matches(const NamedConstraint& constraint, Reading reading) const {
    Tally tally(constraint.constraint, reading);
    const auto add = [&tally, &constraint, this](std::string_view name, std::string_view value) {
      if (name == constraint.name) tally.add(check_text(constraint.constraint, value, facts_.fold()));
    };
    for (const Parameter& parameter : fit_.parameters) add(parameter.name, parameter.value);
    for (const auto& [name, value] : captures_) add(name, value);
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
  size_t index_ = 0;
  Captures captures_;  // parameters of the rule's own path templates
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
  Matcher matcher(facts, fit, body);
  verdict.field =
      matcher.failing_field(rule.when, open.when, permits ? Reading::kPermits : Reading::kRestricts);
  verdict.index = matcher.index();
  if (verdict.field != Field::kNone) return verdict;
  if (rule.excluded && open.when.has(Field::kNot)) {
    // What is doubtful must neither open an exception of a deny nor slip past one of an allow: the reading
    // turns round.
    Matcher excluded = matcher;
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
