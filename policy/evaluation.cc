#include "policy/evaluation.h"

#include <algorithm>

#include "policy/body_check.h"

namespace sluice {
namespace {

constexpr std::string_view kDenied = "a rule denies this";
constexpr std::string_view kRequirementNotMet = "a requirement of a rule is not met";

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

Decision not_evaluated() {
  Decision decision;
  decision.reason = kNotEvaluated;
  decision.body_has_credential = true;  // it was not looked at
  return decision;
}

struct BodyUse {
  bool wanted = false;  // a schema or a rule looks into it
  bool must = false;    // and not only shadow rules do
};

BodyUse use_of_body(const CompiledPolicy& policy, const Target& target, const RequestView& request) {
  BodyUse use;
  for (const Target::Fit& fit : target.fits) {
    const CompiledSlot& slot = policy.slots[policy.slot_of(request.api, fit.operation)];
    const bool schema = fit.operation != nullptr && fit.operation->body;
    for (const Candidates* candidates : {&slot.everyone, &slot.by_client[request.client]}) {
      use.wanted = use.wanted || schema || candidates->look_at_body;
      use.must = use.must || schema || candidates->enforce_look_at_body;
    }
  }
  return use;
}

// One evaluation.
class Evaluation {
 public:
  Evaluation(const CompiledPolicy& policy, const Target& target, const RequestView& request, Trace* trace)
      : policy_(policy),
        target_(target),
        facts_(request, target, policy.apis[request.api].fold),
        client_(request.client),
        trace_(trace) {}

  Decision run(std::optional<std::string_view> body) {
    if (!look_at_body(body)) return std::move(decision_);
    for (const Target::Fit& fit : target_.fits) decide_fit(fit);
    conclude();
    return std::move(decision_);
  }

 private:
  // False when the request is refused, or cannot be decided.
  bool look_at_body(std::optional<std::string_view> body) {
    const BodyUse use = use_of_body(policy_, target_, facts_.request());
    if (!use.wanted) return true;
    if (!body) {
      decision_ = not_evaluated();
      return false;
    }
    BodyReading reading = read_body(facts_.request().headers, *body, facts_.fold());
    if (reading.refusal) {
      if (use.must) return refuse(*std::move(reading.refusal));
      body_.state = BodyView::State::kUnreadable;
      return true;
    }
    if (reading.value) {
      root_ = *std::move(reading.value);
      body_ = {BodyView::State::kReadable, &root_};
    }
    for (const Target::Fit& fit : target_.fits) {
      if (fit.operation == nullptr) continue;
      if (auto refusal = check_schema(*fit.operation, body_.root)) return refuse(*std::move(refusal));
    }
    return true;
  }

  bool refuse(Refusal refusal) {
    decision_.outcome = Outcome::kRefuse;
    decision_.refusal = std::move(refusal);
    // What could not be read may hold a credential.
    for (const Target::Fit& fit : target_.fits) {
      const CompiledOperation* operation = policy_.compiled_operation(slot_of(fit));
      if (operation != nullptr && operation->may_hold_credential) decision_.body_has_credential = true;
      if (fit.operation != nullptr) add_tags(fit.operation->tags);
    }
    sort_unique(decision_.tags);
    return false;
  }

  size_t slot_of(const Target::Fit& fit) const {
    return policy_.slot_of(facts_.request().api, fit.operation);
  }

  template <class Tags>
  void add_tags(const Tags& tags) {
    decision_.tags.insert(decision_.tags.end(), tags.begin(), tags.end());
  }

  FitFacts facts_of(const Target::Fit& fit) {
    FitFacts facts;
    facts.slot = slot_of(fit);
    facts.operation = fit.operation;
    facts.parameters = &fit.parameters;
    facts.access =
        fit.operation != nullptr ? fit.operation->access : access_of_method(facts_.request().method);
    if (fit.operation == nullptr) return facts;
    if (fit.operation->body && body_.root != nullptr) {
      collect_tags(*fit.operation->body, *body_.root, facts.tags);
      const bool credential =
          std::find(facts.tags.begin(), facts.tags.end(), kCredentialTag) != facts.tags.end();
      decision_.body_has_credential = decision_.body_has_credential || credential;
    }
    facts.tags.insert(facts.tags.end(), fit.operation->tags.begin(), fit.operation->tags.end());
    add_tags(facts.tags);
    add_targets(*policy_.compiled_operation(facts.slot));
    return facts;
  }

  void add_targets(const CompiledOperation& operation) {
    if (body_.root == nullptr) return;
    std::vector<const JsonValue*> found;
    for (const JsonPointer& pointer : operation.targets) pointer.resolve(*body_.root, found);
    for (const JsonValue* value : found) {
      if (value->type == JsonValue::Type::kString) decision_.targets.push_back(value->text);
      if (value->integer_exact) decision_.targets.push_back(std::to_string(value->integer));
    }
  }

  void decide_fit(const Target::Fit& fit) {
    const FitFacts facts = facts_of(fit);
    fit_denied_ = false;
    fit_allowed_ = false;
    if (trace_ != nullptr) {
      Trace::FitTrace& traced = trace_->fits.emplace_back();
      traced.slot = facts.slot;
      for (size_t index = 0; index < policy_.rules.size(); ++index) {
        traced.verdicts.push_back(match_rule(policy_.rules[index], facts_, facts, body_));
        count(static_cast<uint32_t>(index), traced.verdicts.back());
      }
      traced.denied = fit_denied_ || !fit_allowed_;
    } else {
      const CompiledSlot& slot = policy_.slots[facts.slot];
      for (const Candidates* candidates : {&slot.everyone, &slot.by_client[client_]}) {
        for (uint32_t index : candidates->rules)
          count(index, match_rule(policy_.rules[index], facts_, facts, body_));
      }
    }
    if (fit_denied_ || !fit_allowed_) denied_ = true;
  }

  void count(uint32_t index, const RuleVerdict& verdict) {
    const Rule& rule = policy_.rules[index];
    if (!verdict.speaks(rule.effect)) return;
    if (rule.mode == Mode::kShadow) {
      decision_.shadow_rules.push_back(rule.id);
    } else if (rule.effect == Effect::kAllow) {
      fit_allowed_ = true;
      allowing_.push_back(index);
    } else {
      fit_denied_ = true;
      denying_.push_back(index);
    }
  }

  void conclude() {
    decision_.outcome = denied_ ? Outcome::kDeny : Outcome::kAllow;
    std::vector<uint32_t>& deciding = denied_ ? denying_ : allowing_;
    sort_unique(deciding);  // file order
    for (uint32_t index : deciding) {
      const Rule& rule = policy_.rules[index];
      decision_.rules.push_back(rule.id);
      if (decision_.reason.empty()) decision_.reason = rule.reason;
    }
    if (denied_ && decision_.reason.empty()) decision_.reason = reason_without_text(deciding);
    sort_unique(decision_.rules);
    sort_unique(decision_.shadow_rules);
    sort_unique(decision_.tags);
  }

  std::string_view reason_without_text(const std::vector<uint32_t>& deciding) const {
    if (deciding.empty()) return kNoRuleAllows;
    return policy_.rules[deciding.front()].effect == Effect::kDeny ? kDenied : kRequirementNotMet;
  }

  const CompiledPolicy& policy_;
  const Target& target_;
  const RequestFacts facts_;
  const size_t client_;
  Trace* trace_;
  JsonValue root_;
  BodyView body_;
  Decision decision_;
  std::vector<uint32_t> denying_, allowing_;  // enforced rules, over all operations
  bool fit_denied_ = false, fit_allowed_ = false;
  bool denied_ = false;  // as one of the operations
};

bool is_known(const CompiledPolicy& policy, const Target& target, const RequestView& request) {
  return !target.fits.empty() && request.api < policy.apis.size() &&
         request.client < policy.vocabulary.clients.size();
}

}  // namespace

bool evaluation_needs_body(const CompiledPolicy& policy, const Target& target, const RequestView& request) {
  return !target.refused && is_known(policy, target, request) && use_of_body(policy, target, request).wanted;
}

Decision evaluate(const CompiledPolicy& policy, const Target& target, const RequestView& request,
                  std::optional<std::string_view> body, Trace* trace) {
  if (target.refused) {
    Decision decision;
    decision.outcome = Outcome::kRefuse;
    decision.refusal = target.refusal;
    return decision;
  }
  if (!is_known(policy, target, request)) return not_evaluated();
  return Evaluation(policy, target, request, trace).run(body);
}

}  // namespace sluice
