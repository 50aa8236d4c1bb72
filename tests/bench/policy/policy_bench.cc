// What a decision costs at 10, 1,000 and 10,000 rules, without and with a body of 4 KiB, and how long the
// rules take to load. `policy_bench --write FOLDER RULES` writes the same rules for Cedar and the same
// requests; `policy_bench --decide KIND RULES N` decides N times, for counting instructions.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "policy/engine.h"

namespace sluice {
namespace {

constexpr size_t kClients = 100;
constexpr const char* kRead = "push.employees.list";
constexpr const char* kWrite = "securenvoy.users.create";

struct Setup {
  Config config;
  std::vector<Catalogue> catalogues;
  std::vector<std::string> operations;
};

Setup make_setup() {
  Setup setup;
  Findings findings;
  for (const char* name : {"push", "securenvoy"}) {
    ApiConfig& api = setup.config.apis.emplace_back();
    api.name = api.catalogue = name;
    setup.catalogues.push_back(*load_catalogue(name, name, {}, findings));
    for (const Operation& operation : setup.catalogues.back().operations)
      setup.operations.push_back(operation.id);
  }
  for (size_t i = 0; i < kClients; ++i) setup.config.clients.emplace_back().name = "c" + std::to_string(i);
  return setup;
}

struct Rule {
  std::string id, effect, client, operation;
};

// The first six speak of the requests that are measured; the others are spread over clients and operations.
std::vector<Rule> make_rules(const Setup& setup, size_t count) {
  std::vector<Rule> rules;
  const std::array<const char*, 3> effects{"allow", "deny", "require"};
  for (size_t i = 0; i < count; ++i) {
    const bool measured = i < 6;
    const std::string operation =
        measured ? (i < 3 ? kRead : kWrite) : setup.operations[i % setup.operations.size()];
    const size_t client = measured ? 0 : (i / setup.operations.size()) % kClients;
    rules.push_back({"r" + std::to_string(i), effects[i % 3], "c" + std::to_string(client), operation});
  }
  return rules;
}

// An allow; a deny from one network; a bound on a query, or on a member of a body.
std::string to_policy(const std::vector<Rule>& rules) {
  std::string text = "version: 1\nrules:\n";
  for (const Rule& rule : rules) {
    text += "  - { id: " + rule.id + ", effect: " + rule.effect + ", when: { client: " + rule.client +
            ", operation: " + rule.operation;
    if (rule.effect == "deny") text += ", source: 192.0.2.0/24";
    text += " }";
    if (rule.effect == "require")
      text += rule.operation == kWrite ? ", body: { /username: { maxLength: 64 } }"
                                       : ", query: { limit: { type: integer, maximum: 500 } }";
    text += " }\n";
  }
  return text;
}

std::string to_cedar(const std::vector<Rule>& rules) {
  std::string text;
  for (const Rule& rule : rules) {
    text += rule.effect == "allow" ? "permit(" : "forbid(";
    text += "principal == Client::\"" + rule.client + "\", action == Action::\"" + rule.operation +
            "\", resource)";
    if (rule.effect == "deny") text += " when { context.source.isInRange(ip(\"192.0.2.0/24\")) }";
    if (rule.effect == "require")
      text += rule.operation == kWrite
                  ? " when { !(context.body has username && context.body.username like \"j*\") }"
                  : " when { context has limit && context.limit > 500 }";
    text += ";\n";
  }
  return text;
}

std::string body_of_4_kib() {
  nlohmann::json body{{"username", "jhill"}, {"email", "john.hill@example.com"}, {"isEnabled", true}};
  while (body.dump().size() < 4096) {
    const std::string name = "attribute-" + std::to_string(body["customAttributes"].size());
    body["customAttributes"].push_back({{"id", name}, {"name", name}, {"value", std::string(40, 'v')}});
  }
  return body.dump();
}

struct Request {
  RequestView view;
  std::string body;
  std::vector<HeaderView> headers;
};

Request make_request(bool with_body) {
  Request request;
  request.headers = {{"User-Agent", "bench"}, {"Accept", "application/json"}};
  request.view.source = *parse_ip("127.0.0.1");
  if (with_body) {
    request.body = body_of_4_kib();
    request.headers.push_back({"Content-Type", "application/json"});
    request.view.api = 1;
    request.view.method = "POST";
    request.view.path = "/api/user/restapi/users";
  } else {
    request.view.method = "GET";
    request.view.path = "/v1/employees";
    request.view.query = "limit=100";
  }
  return request;
}

std::unique_ptr<const Engine> compile(const Setup& setup, const std::string& policy) {
  Findings findings;
  auto engine = Engine::compile(policy, "policy.yaml", setup.config, setup.catalogues, findings);
  if (engine == nullptr) {
    std::fprintf(stderr, "%s\n", to_text(findings.all().front()).c_str());
    std::exit(2);
  }
  return engine;
}

// As the gate does it: the results keep their memory.
Outcome decide(const Engine& engine, Request& request, Target& target, Decision& decision) {
  request.view.headers = request.headers;
  engine.resolve(request.view, target);
  const bool wanted = engine.needs_body(target, request.view);
  engine.decide(target, request.view, wanted ? std::optional<std::string_view>(request.body) : std::nullopt,
                decision);
  return decision.outcome;
}

void bench_decision(benchmark::State& state, bool with_body) {
  const Setup setup = make_setup();
  const auto engine = compile(setup, to_policy(make_rules(setup, static_cast<size_t>(state.range(0)))));
  Request request = make_request(with_body);
  Target target;
  Decision decision;
  for (auto _ : state) {
    if (decide(*engine, request, target, decision) != Outcome::kAllow) state.SkipWithError("not allowed");
  }
}

void bench_loading(benchmark::State& state) {
  const Setup setup = make_setup();
  const std::string policy = to_policy(make_rules(setup, static_cast<size_t>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(compile(setup, policy));
}

int write_for_cedar(const std::string& folder, size_t count) {
  const Setup setup = make_setup();
  std::ofstream(folder + "/policies.cedar") << to_cedar(make_rules(setup, count));
  const auto body = nlohmann::json::parse(body_of_4_kib());
  const nlohmann::json source{{"__extn", {{"fn", "ip"}, {"arg", "127.0.0.1"}}}};
  const nlohmann::json requests{
      {"decision", {{"action", kRead}, {"context", {{"limit", 100}, {"source", source}}}}},
      {"decision_with_body", {{"action", kWrite}, {"context", {{"body", body}, {"source", source}}}}}};
  std::ofstream(folder + "/requests.json") << requests.dump();
  return 0;
}

int decide_often(bool with_body, size_t rules, size_t times) {
  const Setup setup = make_setup();
  const auto engine = compile(setup, to_policy(make_rules(setup, rules)));
  Request request = make_request(with_body);
  Target target;
  Decision decision;
  for (size_t i = 0; i < times; ++i) {
    if (decide(*engine, request, target, decision) != Outcome::kAllow) return 1;
  }
  return 0;
}

size_t number(const char* text) { return std::strtoul(text, nullptr, 10); }

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  using namespace sluice;
  if (argc == 4 && std::strcmp(argv[1], "--write") == 0) return write_for_cedar(argv[2], number(argv[3]));
  if (argc == 5 && std::strcmp(argv[1], "--decide") == 0)
    return decide_often(std::strcmp(argv[2], "decision_with_body") == 0, number(argv[3]), number(argv[4]));
  benchmark::RegisterBenchmark("decision", bench_decision, false)->Arg(10)->Arg(1'000)->Arg(10'000);
  benchmark::RegisterBenchmark("decision_with_body", bench_decision, true)->Arg(10)->Arg(1'000)->Arg(10'000);
  benchmark::RegisterBenchmark("loading", bench_loading)
      ->Arg(10)
      ->Arg(1'000)
      ->Arg(10'000)
      ->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
