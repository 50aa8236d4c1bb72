#include "policy/engine.h"

#include <algorithm>

#include <exception>

#include "config/map_reader.h"
#include "policy/capture.h"
#include "policy/compiler.h"
#include "policy/evaluation.h"
#include "policy/policy_reader.h"

namespace sluice {
namespace {

void refuse(Target& target, std::string detail) {
  target.refused = true;
  target.refusal = {400, "malformed-request", std::move(detail)};
}

// A tag that no catalogue has would keep every request from the webhook, in silence.
bool check_webhook_tags(const std::vector<WebhookConfig>& webhooks, const std::vector<std::string>& known,
                        Findings& findings) {
  bool good = true;
  for (const WebhookConfig& webhook : webhooks) {
    for (const std::string& tag : webhook.filter.tags) {
      if (std::binary_search(known.begin(), known.end(), tag)) continue;
      std::string message = "webhook " + webhook.name;
      message.append(": filter: tags: \"").append(tag).append("\" is no tag of a catalogue that is used");
      findings.error(webhook.at, "unknown-name", message + suggestion(tag, known));
      good = false;
    }
  }
  return good;
}

}  // namespace

std::unique_ptr<const Engine> Engine::compile(std::string_view policy_text, const std::string& policy_file,
                                              const Config& config, std::vector<Catalogue> catalogues,
                                              Findings& findings) {
  auto compiled = std::make_unique<CompiledPolicy>(config, std::move(catalogues));
  auto rules = read_policy(policy_text, policy_file, compiled->vocabulary, findings);
  if (!rules) return nullptr;
  compile_rules(*std::move(rules), *compiled);
  if (!check_webhook_tags(config.audit.webhooks, compiled->vocabulary.tags, findings)) return nullptr;
  if (!compile_captures(config.audit.captures, *compiled, findings)) return nullptr;
  return std::unique_ptr<const Engine>(new Engine(std::move(compiled)));
}

Engine::Engine(std::unique_ptr<CompiledPolicy> compiled) : compiled_(std::move(compiled)) {}

Engine::~Engine() = default;

void Engine::resolve(const RequestView& request, Target& out) const {
  out.clear();
  if (request.api >= compiled_->apis.size()) return refuse(out, "the API is not known");
  const CompiledApi& api = compiled_->apis[request.api];
  if (const auto read = decode_path(request.path, api.fold, out.path); !read)
    return refuse(out, read.error().message);
  if (!request.query.empty()) {
    if (const auto read = decode_query(request.query, api.fold, out.query); !read)
      return refuse(out, read.error().message);
  }
  api.router.find(request.method, out);
  if (out.fits.empty()) {
    out.fits.push_back({nullptr, compiled_->unknown_slot(request.api), 0, 0});
    out.access = access_of_method(request.method);
  }
  api.router.find_leniently(request.method, out);
  // Only a POST is taken for another method by what it carries.
  out.must_read_body = request.method == "POST" && api.router.has_other_method(request.method, out.path);
  for (const Target::Fit& fit : out.fits) {
    if (fit.operation != nullptr && fit.operation->access == Access::kWrite) out.access = Access::kWrite;
  }
  out.operation_id = compiled_->vocabulary.slots[out.fits.front().slot].id;
}

Target Engine::resolve(const RequestView& request) const {
  Target target;
  resolve(request, target);
  return target;
}

bool Engine::needs_body(const Target& target, const RequestView& request) const {
  return evaluation_needs_body(*compiled_, target, request);
}

void Engine::decide(const Target& target, const RequestView& request, std::optional<std::string_view> body,
                    Decision& out) const {
  try {
    evaluate(*compiled_, target, request, body, nullptr, out);
  } catch (const std::exception&) {  // no memory; whatever it is, the answer is no
    set_not_evaluated(out);
  }
}

Decision Engine::decide(const Target& target, const RequestView& request,
                        std::optional<std::string_view> body) const {
  Decision decision;
  decide(target, request, body, decision);
  return decision;
}

const Catalogue& Engine::catalogue(size_t api) const { return compiled_->catalogues[api]; }

}  // namespace sluice
