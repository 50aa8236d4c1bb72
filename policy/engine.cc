#include "policy/engine.h"

#include <exception>

#include "policy/compiler.h"
#include "policy/evaluation.h"
#include "policy/policy_reader.h"

namespace sluice {
namespace {

void refuse(Target& target, std::string detail) {
  target.refused = true;
  target.refusal = {400, "malformed-request", std::move(detail)};
}

}  // namespace

std::unique_ptr<const Engine> Engine::compile(std::string_view policy_text, const std::string& policy_file,
                                              const Config& config, std::vector<Catalogue> catalogues,
                                              Findings& findings) {
  auto compiled = std::make_unique<CompiledPolicy>(config, std::move(catalogues));
  auto rules = read_policy(policy_text, policy_file, compiled->vocabulary, findings);
  if (!rules) return nullptr;
  compile_rules(*std::move(rules), *compiled);
  return std::unique_ptr<const Engine>(new Engine(std::move(compiled)));
}

Engine::Engine(std::unique_ptr<CompiledPolicy> compiled) : compiled_(std::move(compiled)) {}

Engine::~Engine() = default;

Target Engine::resolve(const RequestView& request) const {
  Target target;
  if (request.api >= compiled_->apis.size()) {
    refuse(target, "the API is not known");
    return target;
  }
  const CompiledApi& api = compiled_->apis[request.api];
  auto path = decode_path(request.path, api.fold);
  if (!path) {
    refuse(target, path.error().message);
    return target;
  }
  target.path = *std::move(path);
  if (!request.query.empty()) {
    auto query = decode_query(request.query, api.fold);
    if (!query) {
      refuse(target, query.error().message);
      return target;
    }
    target.query = *std::move(query);
  }
  target.fits = api.router.find(request.method, target.path);
  if (target.fits.empty()) {
    target.fits.emplace_back();
    target.access = access_of_method(request.method);
  }
  for (const Target::Fit& fit : target.fits) {
    if (fit.operation != nullptr && fit.operation->access == Access::kWrite) target.access = Access::kWrite;
  }
  target.slot = compiled_->slot_of(request.api, target.fits.front().operation);
  target.operation_id = compiled_->vocabulary.slots[target.slot].id;
  return target;
}

bool Engine::needs_body(const Target& target, const RequestView& request) const {
  return evaluation_needs_body(*compiled_, target, request);
}

Decision Engine::decide(const Target& target, const RequestView& request,
                        std::optional<std::string_view> body) const {
  try {
    return evaluate(*compiled_, target, request, body, nullptr);
  } catch (const std::exception&) {  // no memory; whatever it is, the answer is no
    Decision decision;
    decision.reason = kNotEvaluated;
    decision.body_has_credential = true;
    return decision;
  }
}

const Catalogue& Engine::catalogue(size_t api) const { return compiled_->catalogues[api]; }

}  // namespace sluice
