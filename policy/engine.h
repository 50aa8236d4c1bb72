// Engine: the compiled policy. Pure: values in, a Decision out, no I/O, no clock. Immutable; any thread.
// Every error in evaluation is a deny with a reason of its own.
// Costs: what the rules that can apply cost; nothing is allocated for a decision without a body whose results
// have been used for such a request before (but by RE2, and for what has to be case-folded). Lifetimes: a
// Target has views of its request's path and query, and of the Engine; a Decision of the Engine.
//
// A request is decided in three steps, so that a body is only waited for when a rule looks into it:
//   resolve()     path -> operation(s), or a refusal
//   needs_body()  whether decide() wants the whole body: the operation has a body schema, or a rule that
//   could match
//                 this request looks into it
//   decide()      the decision
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "config/finding.h"
#include "config/model.h"
#include "policy/catalogue/catalogue.h"
#include "policy/decision.h"
#include "policy/request_view.h"

namespace sluice {

struct CompiledPolicy;  // policy/compiler.h

class Engine {
 public:
  // `catalogues` has one entry for each of config.apis, same order. Reads and compiles `policy_text`; nullptr
  // when a finding is an error. Copies what it needs: neither argument has to outlive it.
  static std::unique_ptr<const Engine> compile(std::string_view policy_text, const std::string& policy_file,
                                               const Config& config, std::vector<Catalogue> catalogues,
                                               Findings& findings);
  ~Engine();

  // `out` is cleared first, here and below; one that is used again keeps its memory.
  void resolve(const RequestView& request, Target& out) const;
  Target resolve(const RequestView& request) const;
  bool needs_body(const Target& target, const RequestView& request) const;
  // `body`: the whole body as it came; empty view for none; nullopt when needs_body() said no and it was not
  // read.
  void decide(const Target& target, const RequestView& request, std::optional<std::string_view> body,
              Decision& out) const;
  Decision decide(const Target& target, const RequestView& request,
                  std::optional<std::string_view> body) const;

  const Catalogue& catalogue(size_t api) const;
  const CompiledPolicy& compiled() const { return *compiled_; }

 private:
  explicit Engine(std::unique_ptr<CompiledPolicy> compiled);
  std::unique_ptr<CompiledPolicy> compiled_;
};

}  // namespace sluice
