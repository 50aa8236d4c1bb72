// A policy text: it compiles or says why not, and what compiles decides a few requests, always alike, and
// allows nothing that no rule allows.
#include "policy/engine.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

const std::string kFile = "fuzz.yaml";

const Config& config() {
  static const Config made = [] {
    Config config;
    for (const char* name : {"push", "securenvoy"}) {
      config.apis.emplace_back().name = name;
      config.apis.back().catalogue = name;
    }
    for (const char* name : {"soar", "siem"}) config.clients.emplace_back().name = name;
    config.clients.front().groups = {"automation"};
    return config;
  }();
  return made;
}

const std::vector<Catalogue>& catalogues() {
  static const std::vector<Catalogue> made = [] {
    Findings findings;
    std::vector<Catalogue> list;
    for (const ApiConfig& api : config().apis)
      list.push_back(load_catalogue(api.catalogue, api.name, {}, findings).value());
    return list;
  }();
  return made;
}

struct Sample {
  size_t api, client;
  std::string_view method, path, query, body;
};

constexpr Sample kSamples[] = {
    {0, 0, "GET", "/v1/employees", "limit=5", ""},
    {0, 0, "POST", "/v1/employees/e1/merge", "", R"({"secondaryEmployeeIds":["a","b","c"]})"},
    {0, 1, "POST", "/v1/employees/e1/groups", "", R"({"group":"Quarantine","evil":true})"},
    {0, 1, "DELETE", "/v1/nobody/knows", "a=1&a=2", ""},
    {1, 0, "PUT", "/api/user/restapi/users/u1", "", R"({"city":"Leeds","Password":"x"})"},
    {1, 1, "GET", "/api/user/restapi/USERS/%2e", "", ""},
};

std::string summary(const Decision& decision) {
  std::string text = std::to_string(static_cast<int>(decision.outcome)) + decision.refusal.detail;
  for (const std::string_view rule : decision.rules) text += " " + std::string(rule);
  for (const std::string_view rule : decision.shadow_rules) text += " ~" + std::string(rule);
  return text;
}

Decision decide(const Engine& engine, const Sample& sample) {
  static const std::vector<HeaderView> headers{{"Content-Type", "application/json"}, {"X-Team", "blue"}};
  RequestView view{sample.api, sample.client, sample.method, sample.path, sample.query, headers, {}, {}};
  view.source = *parse_ip("192.0.2.7");
  view.at = std::chrono::system_clock::time_point(std::chrono::hours(490'000));
  const Target target = engine.resolve(view);
  if (target.refused) {
    Decision decision;
    decision.outcome = Outcome::kRefuse;
    decision.refusal = target.refusal;
    return decision;
  }
  if (!engine.needs_body(target, view)) return engine.decide(target, view, std::nullopt);
  return engine.decide(target, view, sample.body);
}

void check_policy(std::string_view text) {
  Findings findings;
  const auto engine = Engine::compile(text, kFile, config(), catalogues(), findings);
  require((engine != nullptr) != findings.has_errors(), "there is a policy or an error");
  if (engine == nullptr) return;
  const bool may_allow =
      text.find("allow") != std::string_view::npos || text.find('\\') != std::string_view::npos;
  for (const Sample& sample : kSamples) {
    const Decision decision = decide(*engine, sample);
    require(summary(decision) == summary(decide(*engine, sample)), "a request is decided once");
    require(decision.outcome != Outcome::kAllow || (may_allow && !decision.rules.empty()), "a rule allows");
  }
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::check_policy(sluice::text_of(data, size));
  return 0;
}
