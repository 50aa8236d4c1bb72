#include "proxy/cli/simulate_command.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "config/address.h"
#include "proxy/cli/simulate/simulation_server.h"
#include "proxy/cli/simulate/simulator.h"

namespace sluice {

namespace {

constexpr const char* kPushSeed =
    "employees e1..e9 (e1 and e8 are one person, e2 and e9 another), apps a1..a5, accounts c1..c10, browsers "
    "b1..b4, "
    "extensions x1..x4, detections d1..d3, findings f1..f5";
constexpr const char* kSecurenvoySeed = "users u1..u9, groups g1..g4, applications a1..a4";

// Everything that the three kinds take, as given.
struct Arguments {
  std::string listen;
  std::vector<std::string> tls;
  std::string latency = "0ms";
  bool print = false;
  double rate = 10;
  double burst = 10;
  std::string key;
  std::string key_env;
  std::string read_key;
  std::vector<std::string> secrets;
  std::vector<std::string> secret_envs;
  bool json = false;
  uint64_t fail_first = 0;
};

int fail(const std::string& message) {
  std::cerr << "sluice: " << message << '\n';
  return 2;
}

Result<Secret> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return Error{"environment variable " + name + " is not set"};
  return Secret(value);
}

Result<SimulationSettings> read_settings(const Arguments& arguments, const std::string& api,
                                         const std::string& seeded) {
  SimulationSettings settings;
  settings.api = api;
  settings.seeded = seeded;
  settings.print = arguments.print;
  Result<Address> address = parse_address(arguments.listen);
  if (!address) return Error{"--listen: " + address.error().message};
  settings.address = std::move(*address);
  const std::optional<Millis> latency = parse_duration(arguments.latency);
  if (!latency) return Error{"--latency: expected a duration such as 20ms or 1s"};
  settings.latency = *latency;
  if (!arguments.tls.empty()) {
    settings.tls_certificate = arguments.tls[0];
    settings.tls_private_key = arguments.tls[1];
  }
  return settings;
}

int run(Simulator& simulator, const Arguments& arguments, const std::string& api, const std::string& seeded) {
  const Result<SimulationSettings> settings = read_settings(arguments, api, seeded);
  if (!settings) return fail(settings.error().message);
  const Result<void> ended = run_simulation(simulator, *settings);
  return ended ? 0 : fail("not started: " + ended.error().message);
}

using MakeVendor = std::unique_ptr<Simulator> (*)(const VendorOptions&);

int run_vendor(const Arguments& arguments, const std::string& api, const std::string& seeded,
               MakeVendor make) {
  VendorOptions options{arguments.rate, arguments.burst, Secret(arguments.key), Secret(arguments.read_key)};
  if (!arguments.key_env.empty()) {
    Result<Secret> key = from_environment(arguments.key_env);
    if (!key) return fail("--key-env: " + key.error().message);
    options.key = std::move(*key);
  }
  return run(*make(options), arguments, api, seeded);
}

int run_webhook(const Arguments& arguments) {
  WebhookOptions options;
  options.json = arguments.json;
  options.fail_first = arguments.fail_first;
  options.print = print_line;
  for (const std::string& secret : arguments.secrets) options.secrets.emplace_back(secret);
  for (const std::string& name : arguments.secret_envs) {
    Result<Secret> secret = from_environment(name);
    if (!secret) return fail("--secret-env: " + secret.error().message);
    options.secrets.push_back(std::move(*secret));
  }
  Result<std::unique_ptr<Simulator>> simulator = make_webhook_simulator(std::move(options));
  if (!simulator) return fail("--secret: " + simulator.error().message);
  return run(**simulator, arguments, "webhook", "");
}

void add_common_options(CLI::App& command, Arguments& arguments) {
  command
      .add_option("--listen", arguments.listen,
                  "Where to listen, as 127.0.0.1:8080; port 0 lets the system choose")
      ->required();
  command.add_option("--tls", arguments.tls, "Serve HTTPS with this certificate and private key (PEM)")
      ->expected(2)
      ->type_name("CERT KEY");
  command.add_option("--latency", arguments.latency, "Wait so long before each answer, as 20ms");
}

void add_vendor_options(CLI::App& command, Arguments& arguments) {
  add_common_options(command, arguments);
  command.add_option("--rate", arguments.rate, "Requests per second before 429; 0 turns the limit off")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--burst", arguments.burst, "Depth of the bucket")
      ->check(CLI::Range(1.0, 1e9))
      ->capture_default_str();
  auto* key =
      command.add_option("--key", arguments.key, "The key to insist on (visible to other users: for tests)");
  command.add_option("--key-env", arguments.key_env, "The environment variable that holds the key")
      ->excludes(key);
  command.add_flag("--print", arguments.print, "Print a line for each request: method, path, status");
}

}  // namespace

void add_simulate_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("simulate", "Run a stand-in for a vendor or a webhook receiver");
  command->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();

  CLI::App* push = command->add_subcommand(
      "push", "Push Security's API, key in x-api-key. Begins with " + std::string(kPushSeed));
  add_vendor_options(*push, *arguments);
  push->add_option("--read-key", arguments->read_key, "A second key that lets only GET through");
  push->callback([arguments, &exit_code] {
    exit_code = run_vendor(*arguments, "push", kPushSeed, make_push_simulator);
  });

  CLI::App* securenvoy =
      command->add_subcommand("securenvoy", "SecurEnvoy's API, key in Authorization: Bearer. Begins with " +
                                                std::string(kSecurenvoySeed));
  add_vendor_options(*securenvoy, *arguments);
  securenvoy->callback([arguments, &exit_code] {
    exit_code = run_vendor(*arguments, "securenvoy", kSecurenvoySeed, make_securenvoy_simulator);
  });

  CLI::App* webhook =
      command->add_subcommand("webhook", "A receiver that verifies each delivery and prints its events");
  add_common_options(*webhook, *arguments);
  webhook
      ->add_option("--secret", arguments->secrets,
                   "whsec_..., or the text that signs X-Signature; repeatable")
      ->allow_extra_args(false);
  webhook
      ->add_option("--secret-env", arguments->secret_envs,
                   "An environment variable that holds one; repeatable")
      ->allow_extra_args(false);
  webhook->add_flag("--json", arguments->json, "Print JSON lines");
  webhook->add_option("--fail-first", arguments->fail_first, "Answer 503 to so many deliveries first");
  webhook->callback([arguments, &exit_code] { exit_code = run_webhook(*arguments); });
}

}  // namespace sluice
