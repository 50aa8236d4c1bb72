#include "proxy/cli/ready_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "proxy/cli/admin_client.h"

namespace sluice {

namespace {

// Shorter than the patience of the usual health checks.
constexpr Millis kPatience{4'000};

// What is wrong with the parts, one a line. `body` is what /readyz answered.
std::string describe_parts(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("parts") || !json["parts"].is_array()) return "";
  std::string text;
  for (const auto& part : json["parts"]) {
    if (!part.is_object() || part.value("ready", nlohmann::json()) != false) continue;
    text += "sluice: not ready: " + part.value("name", nlohmann::json()).dump() + ": " +
            part.value("detail", nlohmann::json()).dump() + "\n";
  }
  return text;
}

int ready(const std::string& text) {
  const Result<Address> address = parse_admin_address(text);
  if (!address) {
    std::cerr << "sluice: --admin: " << address.error().message << '\n';
    return 2;
  }
  const HttpResult result = ask_admin(*address, "/readyz", kPatience);
  if (!result.error.empty()) {
    std::cerr << "sluice: not ready: " << text << ": " << result.error << '\n';
    return 1;
  }
  if (result.status == 200) return 0;
  const std::string parts = describe_parts(result.body);
  if (parts.empty()) {
    std::cerr << "sluice: not ready: " << text << ": the answer to /readyz is " << result.status << '\n';
  } else {
    std::cerr << parts;
  }
  return 1;
}

}  // namespace

void add_ready_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("ready", "Ask a running gate whether it is ready");
  auto address = std::make_shared<std::string>("127.0.0.1:9901");
  command->add_option("--admin", *address, "The admin address of the gate, HOST:PORT")->capture_default_str();
  command->callback([address, &exit_code] { exit_code = ready(*address); });
}

}  // namespace sluice
