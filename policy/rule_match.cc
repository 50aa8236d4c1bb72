#include "policy/rule_match.h"

#include <algorithm>

#include "config/ascii.h"
#include "policy/query_names.h"

namespace sluice {
namespace {

bool names_index(const std::vector<bool>& set, size_t index) {
  return set.empty() || (index < set.size() && set[index]);
}

using Segments = std::vector<std::string_view>;

// `same` compares a literal of the template, by its place, with the path's segment there.
template <class Same>
bool template_fits(const PathTemplate& path, const Segments& request, const Same& same) {
  const size_t length = path.segments.size();
  if (path.any_depth ? request.size() <= length : request.size() != length) return false;
  for (size_t i = 0; i < length; ++i) {
    const bool fits = path.segments[i].parameter ? !request[i].empty() : same(i);
    if (!fits) return false;
  }
  return true;
}

bool fits_as_it_is(const PathTemplate& path, const DecodedPath& request, bool fold) {
  return template_fits(path, request.segments, [&path, &request, fold](size_t i) {
    return fold ? path.segments[i].folded == request.folded[i] : path.segments[i].text == request.segments[i];
  });
}

bool fits_leniently(const PathTemplate& path, const DecodedPath& request) {
  const Segments& segments = request.leniently();
  return template_fits(path, segments, [&path, &segments](size_t i) {
    return equals_ignoring_case(path.segments[i].text, segments[i]);
  });
}

// Some servers take a _ in a field's name for a -.
bool resembles_field(std::string_view name, std::string_view wanted) {
  return name.size() == wanted.size() &&
         std::equal(name.begin(), name.end(), wanted.begin(), [](char a, char b) {
           return (a == '_' ? '-' : to_lower(a)) == (b == '_' ? '-' : to_lower(b));
         });
}

// Looks at single fields of one rule.
class FieldMatcher {
 public:
  // `in_not`: at those of its `not`.
  FieldMatcher(const Rule& rule, bool in_not, const RequestFacts& facts, const FitFacts& fit,
               const BodyView& body)
      : rule_(rule), facts_(facts), fit_(fit), body_(body), in_not_(in_not) {}

  // A field that was not given holds. `set` has the constraints; the other fields are those of `conditions`.
  bool holds(const Conditions& conditions, const ConstraintSet& set, Field field, Reading reading) {
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
      case Field::kPath: return path_fits(conditions.paths, reading);
      case Field::kParam: return all_hold(set.params, reading, &FieldMatcher::param_matches);
      case Field::kQuery: return all_hold(set.queries, reading, &FieldMatcher::query_matches);
      case Field::kHeader: return all_hold(set.headers, reading, &FieldMatcher::header_matches);
      case Field::kBody: return all_hold(set.body, reading, &FieldMatcher::member_matches);
      case Field::kNot:  // see RuleMatcher::match()
      case Field::kNone: break;
    }
    return true;
  }

  // Of the constraint that did not hold.
  uint32_t index() const { return index_; }

 private:
  template <class One>
  bool all_hold(const std::vector<One>& constraints, Reading reading,
                bool (FieldMatcher::*matches)(const One&, Reading) const) {
    for (const One& constraint : constraints) {
      if ((this->*matches)(constraint, reading)) continue;
      index_ = static_cast<uint32_t>(&constraint - constraints.data());
      return false;
    }
    return true;
  }

  template <class Add>
  void each_capture(const std::vector<PathTemplate>& paths, const Add& add) const {
    for (const PathTemplate& path : paths) {
      if (fits_as_it_is(path, facts_.path(), facts_.fold())) capture(path, facts_.path().segments, add);
      if (fits_leniently(path, facts_.path())) capture(path, facts_.path().leniently(), add);
    }
  }

  template <class Add>
  static void capture(const PathTemplate& path, const Segments& segments, const Add& add) {
    for (size_t i = 0; i < path.segments.size(); ++i) {
      if (path.segments[i].parameter) add(path.segments[i].text, segments[i]);
    }
  }

  // Every path template of the rule that fits adds its parameters to the operation's, so that a list of
  // templates hides none.
  bool param_matches(const NamedConstraint& constraint, Reading reading) const {
    Tally tally(constraint.constraint, reading);
    const auto add = [&tally, &constraint, this](std::string_view name, std::string_view value) {
      if (name == constraint.name) tally.add(check_text(constraint.constraint, value, facts_.fold()));
    };
    for (const Parameter& parameter : fit_.parameters) add(parameter.name, parameter.value);
    each_capture(rule_.when.paths, add);
    if (in_not_) each_capture(rule_.excluded->paths, add);
    return tally.result();
  }

  bool query_matches(const NamedConstraint& constraint, Reading reading) const {
    Tally tally(constraint.constraint, reading);
    const std::string_view wanted = facts_.fold() ? constraint.folded_name : constraint.name;
    for (const QueryParameter& parameter : facts_.query()) {
      if (parameter.name == wanted && !parameter.doubtful) {
        tally.add(check_text(constraint.constraint, parameter.value, false));
      } else if (may_mean(parameter.name, wanted)) {
        tally.add(Truth::kUnsure);
      }
    }
    return tally.result();
  }

  bool header_matches(const NamedConstraint& constraint, Reading reading) const {
    Tally tally(constraint.constraint, reading);
    for (const HeaderView& header : facts_.request().headers) {
      if (equals_ignoring_case(header.name, constraint.name)) {
        tally.add(check_text(constraint.constraint, header.value, false));
      } else if (resembles_field(header.name, constraint.name)) {
        tally.add(Truth::kUnsure);
      }
    }
    return tally.result();
  }

  bool member_matches(const BodyConstraint& constraint, Reading reading) const {
    return body_matches(constraint, body_, facts_.fold(), reading);
  }

  bool names_access(const std::vector<Access>& access) const {
    return access.empty() || std::find(access.begin(), access.end(), fit_.access) != access.end();
  }

  bool names_tag(const std::vector<std::string>& tags) const {
    return tags.empty() || std::any_of(tags.begin(), tags.end(),
                                       [this](const std::string& tag) { return fit_.has_tag(tag); });
  }

  bool names_source(const std::vector<Cidr>& sources) const {
    for (const Cidr& cidr : sources) {
      if (cidr.contains(facts_.request().source)) return true;
    }
    return sources.empty();
  }

  bool names_time(const std::vector<TimeWindow>& times) const {
    return times.empty() || std::any_of(times.begin(), times.end(), [this](const TimeWindow& window) {
             return window.contains(facts_.request().at);
           });
  }

  // A lenient reading of the path only narrows what is allowed.
  bool path_fits(const std::vector<PathTemplate>& paths, Reading reading) const {
    return paths.empty() || std::any_of(paths.begin(), paths.end(), [this, reading](const auto& candidate) {
             return fits_as_it_is(candidate, facts_.path(), facts_.fold()) ||
                    (reading != Reading::kPermits && fits_leniently(candidate, facts_.path()));
           });
  }

  const Rule& rule_;
  const RequestFacts& facts_;
  const FitFacts& fit_;
  const BodyView& body_;
  const bool in_not_;
  uint32_t index_ = 0;
};

}  // namespace

Field RuleMatcher::failing_field(const Rule& rule, Part part, FieldSet open, Reading reading) {
  const Conditions& conditions = part == Part::kNot ? *rule.excluded : rule.when;
  const ConstraintSet& set = part == Part::kRequired ? rule.required : conditions.values;
  FieldMatcher matcher(rule, part == Part::kNot, facts_, fit_, body_);
  for (Field field : open) {
    if (matcher.holds(conditions, set, field, reading)) continue;
    index_ = matcher.index();
    return field;
  }
  return Field::kNone;
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
