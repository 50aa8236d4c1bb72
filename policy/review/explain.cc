#include "policy/review/explain.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/text_check.h"
#include "policy/compiler.h"
#include "policy/evaluation.h"

namespace sluice {
namespace {

template <class Names>
std::string join(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text.empty() ? "none" : text;
}

// What is explained to whom: one request as one of its operations.
struct Subject {
  const CompiledPolicy& policy;
  const RequestView& request;
  const Decision& decision;
  size_t slot;
};

// "the client is soar, the rule says client: siem".
std::string differs(std::string_view what, const std::string& is, const Rule& rule, Field field) {
  return std::string(what) + " " + is + ", the rule says " + std::string(to_text(field)) + ": " +
         rule.when.words(field);
}

std::string fails(const ConstraintSet& set, Field field, size_t index) {
  const auto said = [field](const std::string& name, const Constraint& constraint) {
    return std::string(to_text(field)) + " " + name + " does not satisfy " + constraint.text;
  };
  if (field == Field::kParam) return said(set.params[index].name, set.params[index].constraint);
  if (field == Field::kQuery) return said(set.queries[index].name, set.queries[index].constraint);
  if (field == Field::kHeader) return said(set.headers[index].name, set.headers[index].constraint);
  const std::string& pointer = set.body[index].pointer.text();
  return said(pointer.empty() ? "as a whole" : pointer, set.body[index].constraint);
}

std::string why_not(const Subject& subject, const Rule& rule, const RuleVerdict& verdict) {
  const Vocabulary& names = subject.policy.vocabulary;
  const Vocabulary::Slot& slot = names.slots[subject.slot];
  const std::string& client = names.clients[subject.request.client];
  const Operation* operation = subject.policy.operation(subject.slot);
  switch (verdict.field) {
    case Field::kClient: return differs("the client is", client, rule, verdict.field);
    case Field::kGroup:
      return differs("the client's groups are", join(names.client_groups[subject.request.client]), rule,
                     verdict.field);
    case Field::kApi: return differs("the API is", names.apis[slot.api], rule, verdict.field);
    case Field::kOperation:
      if (rule.when.operations.empty())
        return "no operation fits the path, and the rule does not name " + slot.id;
      return differs("the operation is", slot.id, rule, verdict.field);
    case Field::kAccess: {
      const Access access =
          operation != nullptr ? operation->access : access_of_method(subject.request.method);
      return differs("the access is", std::string(to_text(access)), rule, verdict.field);
    }
    case Field::kTag: {  // those of the decision are of all operations that fit; an unknown one has none
      const std::string tags = operation == nullptr ? "none" : join(subject.decision.tags);
      return differs("the tags are", tags, rule, verdict.field);
    }
    case Field::kMethod:
      return differs("the method is", std::string(subject.request.method), rule, verdict.field);
    case Field::kPath: return differs("the path is", std::string(subject.request.path), rule, verdict.field);
    case Field::kSource:
      return differs("the source is", to_text(subject.request.source), rule, verdict.field);
    case Field::kTime: return "it is outside time: " + rule.when.words(verdict.field);
    case Field::kNot: return "excluded by not: " + rule.when.words(verdict.field);
    case Field::kParam:
    case Field::kQuery:
    case Field::kHeader:
    case Field::kBody: return fails(rule.when.values, verdict.field, verdict.index);
    case Field::kNone: break;
  }
  return "";
}

std::string why(const Subject& subject, const Rule& rule, const RuleVerdict& verdict) {
  if (!verdict.matched) return why_not(subject, rule, verdict);
  std::string matched = "matches when: " + rule.when_text;
  if (rule.effect != Effect::kRequire) return matched;
  return matched + (verdict.violated ? ", but " + fails(rule.required, verdict.field, verdict.index)
                                     : ", and what it requires holds");
}

// Of several operations, the one that shows best what the rule does: where it speaks, else where it matches.
size_t telling_fit(const Trace& trace, size_t rule, Effect effect, bool denied) {
  const auto rank = [rule, effect, denied](const Trace::FitTrace& fit) {
    const RuleVerdict& verdict = fit.verdicts[rule];
    return (verdict.speaks(effect) ? 2 : 0) + (verdict.matched ? 1 : 0) +
           (denied && fit.denied && verdict.speaks(effect) ? 1 : 0);
  };
  size_t best = 0;
  for (size_t fit = 1; fit < trace.fits.size(); ++fit) {
    if (rank(trace.fits[fit]) > rank(trace.fits[best])) best = fit;
  }
  return best;
}

bool matches(const Trace& trace, size_t rule) {
  return std::any_of(trace.fits.begin(), trace.fits.end(),
                     [rule](const Trace::FitTrace& fit) { return fit.verdicts[rule].matched; });
}

RuleExplanation explain_rule(const CompiledPolicy& policy, const RequestView& request,
                             const Decision& decision, const Trace& trace, size_t index, Words words) {
  const Rule& rule = policy.rules[index];
  RuleExplanation explanation;
  explanation.id = rule.id;
  explanation.effect = to_text(rule.effect);
  explanation.mode = to_text(rule.mode);
  explanation.at = rule.at;
  explanation.matched = matches(trace, index);
  explanation.decides =
      std::binary_search(decision.rules.begin(), decision.rules.end(), std::string_view(rule.id));
  if (words == Words::kNone) return explanation;
  const size_t fit = telling_fit(trace, index, rule.effect, decision.outcome == Outcome::kDeny);
  const Subject subject{policy, request, decision, trace.fits[fit].slot};
  if (trace.fits.size() > 1) explanation.why = "as " + policy.vocabulary.slots[subject.slot].id + ": ";
  explanation.why += why(subject, rule, trace.fits[fit].verdicts[index]);
  return explanation;
}

void append_rules(const Explanation& explanation, std::string_view mode, std::string_view title,
                  std::string& out) {
  bool titled = false;
  for (const RuleExplanation& rule : explanation.rules) {
    if (rule.mode != mode) continue;
    if (!titled) out += std::string(title) + "\n";
    titled = true;
    const char* mark = rule.decides ? "  > " : (rule.matched ? "  + " : "    ");
    out += mark + printable(rule.id + " (" + rule.effect + ", " + place_of(rule) + "): " + rule.why) + "\n";
  }
}

}  // namespace

Explanation explain(const Engine& engine, const Config& config, const ReviewRequest& request, Words words) {
  Explanation explanation;
  explanation.client = config.clients[request.client].name;
  if (auto refusal = refuse_unasked(request)) {
    explanation.outcome = Outcome::kRefuse;
    explanation.refusal = *std::move(refusal);
    explanation.reason = explanation.refusal.detail;
    return explanation;
  }
  const CompiledPolicy& policy = engine.compiled();
  std::vector<HeaderView> headers;
  const RequestView view = view_of(request, headers);
  const Target target = engine.resolve(view);
  for (const Target::Fit& fit : target.fits) {
    const std::string& id = policy.vocabulary.slots[fit.slot].id;
    std::vector<std::string>& ids = explanation.operations;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  Trace trace;
  Decision decision;
  evaluate(policy, target, view, request.body, &trace, decision);
  explanation.outcome = decision.outcome;
  explanation.refusal = decision.refusal;
  explanation.reason =
      decision.outcome == Outcome::kRefuse ? decision.refusal.detail : std::string(decision.reason);
  for (size_t index = 0; !trace.fits.empty() && index < policy.rules.size(); ++index) {
    if (words == Words::kAll || matches(trace, index))
      explanation.rules.push_back(explain_rule(policy, view, decision, trace, index, words));
  }
  return explanation;
}

std::string place_of(const RuleExplanation& rule) {
  return rule.at.file + ":" + std::to_string(rule.at.line);
}

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAllow: return "allow";
    case Outcome::kDeny: return "deny";
    case Outcome::kRefuse: return "refuse";
  }
  return "";
}

std::string to_json(const Explanation& explanation) {
  nlohmann::ordered_json json;
  json["decision"] = to_text(explanation.outcome);
  if (explanation.outcome == Outcome::kRefuse) {
    json["status"] = explanation.refusal.status;
    json["type"] = explanation.refusal.type;
  }
  json["client"] = explanation.client;
  json["operations"] = explanation.operations;
  json["reason"] =
      explanation.reason.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(explanation.reason);
  json["rules"] = nlohmann::ordered_json::array();
  for (const RuleExplanation& rule : explanation.rules) {
    json["rules"].push_back({{"id", rule.id},
                             {"effect", rule.effect},
                             {"mode", rule.mode},
                             {"file", rule.at.file},
                             {"line", rule.at.line},
                             {"matched", rule.matched},
                             {"decides", rule.decides},
                             {"why", rule.why}});
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string to_text(const Explanation& explanation) {
  std::string out(to_text(explanation.outcome));
  if (explanation.outcome == Outcome::kRefuse) {
    out +=
        " with " + std::to_string(explanation.refusal.status) + " " + std::string(explanation.refusal.type);
  }
  out += "\nclient: " + explanation.client + "\noperation: " + join(explanation.operations) + "\n";
  if (!explanation.reason.empty()) out += "reason: " + printable(explanation.reason) + "\n";
  append_rules(explanation, "enforce", "rules (> decides, + matches):", out);
  append_rules(explanation, "shadow", "shadow rules (reported, they decide nothing):", out);
  return out;
}

}  // namespace sluice
