#include "policy/evaluation.h"

#include <algorithm>
#include <limits>

#include "policy/body_check.h"
#include "policy/capture.h"
#include "policy/unknown_fields.h"

namespace sluice {
namespace {

constexpr std::string_view kDenied = "a rule denies this";
constexpr std::string_view kRequirementNotMet = "a requirement of a rule is not met";

void sort_unique(std::vector<std::string_view>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

BodyUse use_of_body(const CompiledPolicy& policy, const Target& target, const RequestView& request) {
  BodyUse use{target.must_read_body, target.must_read_body};
  for (const Target::Fit& fit : target.fits) {
    const BodyUse& one = policy.slots[fit.slot].by_client[request.client].body;
    use.wanted = use.wanted || one.wanted;
    use.must = use.must || one.must;
  }
  return use;
}

// The rules that decide so far, by index: of those that allow, until something denies.
class Deciding {
 public:
  void clear() { first_ = first_with_reason_ = kNone; }
  void add(uint32_t index, const Rule& rule) {
    first_ = std::min(first_, index);
    if (!rule.reason.empty()) first_with_reason_ = std::min(first_with_reason_, index);
  }
  // In file order; nullptr: none.
  const Rule* first(const std::vector<Rule>& rules) const { return at(rules, first_); }
  const Rule* first_with_reason(const std::vector<Rule>& rules) const {
    return at(rules, first_with_reason_);
  }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  static const Rule* at(const std::vector<Rule>& rules, uint32_t index) {
    return index == kNone ? nullptr : &rules[index];
  }
  uint32_t first_ = kNone, first_with_reason_ = kNone;
};

// One evaluation.
class Evaluation {
 public:
  Evaluation(const CompiledPolicy& policy, const Target& target, const RequestView& request, Trace* trace,
             Decision& out)
      : policy_(policy),
        target_(target),
        facts_(request, target, policy.apis[request.api].fold),
        client_(request.client),
        trace_(trace),
        decision_(out) {}

  void run(std::optional<std::string_view> body) {
    if (!look_at_body(body)) return;
    for (const Target::Fit& fit : target_.fits) decide_fit(fit);
    conclude();
  }

 private:
  // False when the request is refused, or cannot be decided.
  bool look_at_body(std::optional<std::string_view> body) {
    const BodyUse use = use_of_body(policy_, target_, facts_.request());
    if (!use.wanted) return true;
    if (!body) {
      set_not_evaluated(decision_);
      return false;
    }
    BodyReading reading = read_body(facts_.request().headers, *body, facts_.fold());
    if (reading.refusal) {
      if (use.must) return refuse(*std::move(reading.refusal));
      body_.state = BodyView::State::kUnreadable;
      return true;
    }
    if (reading.value) {
      root_ = std::move(reading.value);
      body_ = {BodyView::State::kReadable, &*root_};
    }
    find_unknown_fields_of_body();
    if (body_.root != nullptr) capture_fields(policy_, target_, *body_.root, decision_);
    for (const Target::Fit& fit : target_.fits) {
      if (fit.operation == nullptr) continue;
      if (auto refusal = check_schema(*fit.operation, body_.root)) return refuse(*std::move(refusal));
    }
    return true;
  }

  // By the first operation that has a schema.
  void find_unknown_fields_of_body() {
    if (body_.root == nullptr) return;
    for (const Target::Fit& fit : target_.fits) {
      if (fit.operation == nullptr || !fit.operation->body) continue;
      decision_.unknown_fields = find_unknown_fields(*fit.operation->body, *body_.root);
      return;
    }
  }

  bool refuse(Refusal refusal) {
    decision_.outcome = Outcome::kRefuse;
    decision_.refusal = std::move(refusal);
    // What could not be read may hold a credential.
    for (const Target::Fit& fit : target_.fits) {
      const CompiledOperation* operation = policy_.compiled_operation(fit.slot);
      if (operation != nullptr && operation->may_hold_credential) decision_.body_has_credential = true;
      if (fit.operation != nullptr) add_tags(fit.operation->tags);
    }
    sort_unique(decision_.tags);
    return false;
  }

  template <class Tags>
  void add_tags(const Tags& tags) {
    for (const auto& tag : tags) decision_.tags.emplace_back(tag);
  }

  FitFacts facts_of(const Target::Fit& fit) {
    FitFacts facts;
    facts.slot = fit.slot;
    facts.operation = fit.operation;
    facts.parameters = target_.parameters_of(fit);
    facts.access =
        fit.operation != nullptr ? fit.operation->access : access_of_method(facts_.request().method);
    if (fit.operation == nullptr) return facts;
    if (fit.operation->body && body_.root != nullptr) {
      std::vector<std::string_view>& tags = facts.body_tags;
      collect_tags(*fit.operation->body, *body_.root, tags);
      const bool credential = std::find(tags.begin(), tags.end(), kCredentialTag) != tags.end();
      decision_.body_has_credential = decision_.body_has_credential || credential;
      add_tags(tags);
    }
    add_tags(fit.operation->tags);
    if (body_.root != nullptr && is_first_of_its_slot(fit)) {
      add_targets(*policy_.compiled_operation(facts.slot));
    }
    return facts;
  }

  // One operation can fit by two readings of the path.
  bool is_first_of_its_slot(const Target::Fit& fit) const {
    const auto first = std::find_if(target_.fits.begin(), target_.fits.end(),
                                    [&fit](const Target::Fit& one) { return one.slot == fit.slot; });
    return &*first == &fit;
  }

  void add_targets(const CompiledOperation& operation) {
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
      RuleMatcher matcher(facts_, facts, body_);
      for (size_t index = 0; index < policy_.rules.size(); ++index) {
        const Rule& rule = policy_.rules[index];
        traced.verdicts.push_back(matcher.match(rule, kEveryField));
        if (traced.verdicts.back().speaks(rule.effect)) count(static_cast<uint32_t>(index), rule);
      }
      traced.denied = fit_denied_ || !fit_allowed_;
    } else {
      const CompiledSlot& slot = policy_.slots[facts.slot];
      for (const Candidates* candidates : {&slot.everyone, &slot.by_client[client_]})
        decide_by(*candidates, facts);
    }
    if (!fit_allowed_) deny();
  }

  void decide_by(const Candidates& candidates, const FitFacts& facts) {
    RuleMatcher matcher(facts_, facts, body_);
    for (const Candidate& candidate : candidates.rules) {
      const Rule& rule = policy_.rules[candidate.rule];
      if (matcher.match(rule, candidate.open).speaks(rule.effect)) count(candidate.rule, rule);
    }
  }

  // From here on only what denies decides.
  void deny() {
    if (denied_) return;
    denied_ = true;
    decision_.rules.clear();
    deciding_.clear();
  }

  // A rule that speaks.
  void count(uint32_t index, const Rule& rule) {
    if (rule.mode == Mode::kShadow) {
      decision_.shadow_rules.push_back(rule.id);
    } else if (rule.effect == Effect::kAllow) {
      fit_allowed_ = true;
      if (!denied_) add_deciding(index, rule);
    } else {
      fit_denied_ = true;
      deny();
      add_deciding(index, rule);
    }
  }

  void add_deciding(uint32_t index, const Rule& rule) {
    decision_.rules.push_back(rule.id);
    deciding_.add(index, rule);
  }

  void conclude() {
    decision_.outcome = denied_ ? Outcome::kDeny : Outcome::kAllow;
    if (const Rule* rule = deciding_.first_with_reason(policy_.rules)) {
      decision_.reason = rule->reason;
    } else if (denied_) {
      decision_.reason = reason_without_text(deciding_.first(policy_.rules));
    }
    if (decision_.rules.size() > 1) sort_unique(decision_.rules);
    if (decision_.shadow_rules.size() > 1) sort_unique(decision_.shadow_rules);
    if (decision_.tags.size() > 1) sort_unique(decision_.tags);
  }

  // `first` may be null.
  static std::string_view reason_without_text(const Rule* first) {
    if (first == nullptr) return kNoRuleAllows;
    return first->effect == Effect::kDeny ? kDenied : kRequirementNotMet;
  }

  const CompiledPolicy& policy_;
  const Target& target_;
  const RequestFacts facts_;
  const size_t client_;
  Trace* trace_;
  std::optional<JsonValue> root_;
  BodyView body_;
  Decision& decision_;
  Deciding deciding_;  // enforced rules, over all operations
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

void evaluate(const CompiledPolicy& policy, const Target& target, const RequestView& request,
              std::optional<std::string_view> body, Trace* trace, Decision& out) {
  out.clear();
  if (target.refused) {
    out.outcome = Outcome::kRefuse;
    out.refusal = target.refusal;
    return;
  }
  if (!is_known(policy, target, request)) return set_not_evaluated(out);
  Evaluation(policy, target, request, trace, out).run(body);
}

void set_not_evaluated(Decision& out) noexcept {
  out.clear();
  out.reason = kNotEvaluated;
  out.body_has_credential = true;  // it was not looked at
}

}  // namespace sluice
