#include "proxy/cli/ready_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "config/address.h"
#include "proxy/http/http_client.h"

namespace sluice {

namespace {

// Shorter than the patience of the usual health checks.
constexpr Millis kPatience{4'000};

HttpResult ask(const Address& address) {
  EventLoop loop;
  Resolver resolver(loop);
  HttpClientOptions options;
  options.origin.tls = false;
  options.origin.host = address.host;
  options.origin.port = address.port;
  // The name under which the gate is reached here need not be one of admin.hosts: they guard against
  // browsers.
  options.origin.authority = "localhost";
  options.connect_timeout = kPatience;
  options.total_timeout = kPatience;
  std::unique_ptr<HttpClient> client = make_http_client(loop, resolver, std::move(options));
  HttpCall call;
  call.method = "GET";
  call.target = "/readyz";
  HttpResult result;
  client->send(std::move(call), [&result, &client, &loop](HttpResult answer) {
    result = std::move(answer);
    client.reset();
    loop.stop();
  });
  loop.run();
  return result;
}

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
  const Result<Address> address = parse_address(text);
  if (!address || address->host.empty()) {
    std::cerr << "sluice: --admin: " << (address ? "expected HOST:PORT" : address.error().message) << '\n';
    return 2;
  }
  const HttpResult result = ask(*address);
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
