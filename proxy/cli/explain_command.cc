#include "proxy/cli/explain_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "config/ascii.h"
#include "config/map_reader.h"
#include "config/rfc3339.h"
#include "config/yaml_reader.h"
#include "policy/review/explain.h"
#include "proxy/cli/load.h"
#include "proxy/cli/review_routing.h"

namespace sluice {

namespace {

struct Options {
  std::string config;
  std::string client;
  std::vector<std::string> headers;
  std::string body_file;
  std::string source = "127.0.0.1";
  std::string at;
  std::string method;
  std::string path;
  std::string format = "text";
};

int usage_error(const std::string& message) {
  std::cerr << "sluice: " << message << '\n';
  return 2;
}

Result<std::string> read_body(const std::string& file) {
  if (file != "-") return read_file(file);
  std::string text(kMaximumFileSize + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::cin.gcount()));
  if (text.size() > kMaximumFileSize) return Error{"cannot read stdin: it is larger than 10 MiB"};
  return text;
}

// "K: V". What is neither is not shown: it may be a token.
Result<void> add_header(const std::string& text, ReviewRequest& request) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  if (colon == std::string::npos || !is_token(name))
    return Error{"--header: expected 'NAME: VALUE', such as 'Accept: application/json'"};
  const size_t start = text.find_first_not_of(" \t", colon + 1);
  const size_t end = text.find_last_not_of(" \t");
  request.headers.emplace_back(name, start == std::string::npos ? "" : text.substr(start, end - start + 1));
  return {};
}

Result<ReviewRequest> read_request(const Options& options, const Config& config) {
  ReviewRequest request;
  std::vector<std::string> names;
  for (const ClientConfig& client : config.clients) names.push_back(client.name);
  const auto client = find_client(config, options.client);
  if (!client)
    return Error{"--client: unknown client \"" + options.client + "\"" + suggestion(options.client, names)};
  request.client = *client;
  const auto source = parse_ip(options.source);
  if (!source) return Error{"--source: expected an IP address, got '" + options.source + "'"};
  request.source = *source;
  const auto at = options.at.empty() ? std::chrono::system_clock::now() : parse_rfc3339(options.at);
  if (!at) return Error{"--at: expected a time such as 2026-01-31T12:00:00Z, got '" + options.at + "'"};
  request.at = *at;
  for (const std::string& header : options.headers) {
    const auto added = add_header(header, request);
    if (!added) return added.error();
  }
  if (!options.body_file.empty()) {
    auto body = read_body(options.body_file);
    if (!body) return Error{"--body: " + body.error().message};
    request.body = *std::move(body);
  }
  request.method = options.method;
  route_request(config, options.path, request);
  return request;
}

int run(const Options& options) {
  if (!is_token(options.method)) return usage_error("METHOD: '" + options.method + "' is not a method");
  if (options.path.empty() || options.path[0] != '/')
    return usage_error("PATH: expected a path with the API's prefix such as /push/v1/employees, got '" +
                       options.path + "'");
  Findings findings;
  const auto loaded = load_files(options.config, findings);
  if (!loaded) {
    findings.sort();
    for (const Finding& finding : findings.all()) std::cerr << to_text(finding) << '\n';
    return 2;
  }
  const auto request = read_request(options, loaded->config);
  if (!request) return usage_error(request.error().message);
  const Explanation explanation = explain(*loaded->engine, loaded->config, *request);
  std::cout << (options.format == "json" ? to_json(explanation) : to_text(explanation));
  return 0;
}

}  // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("explain", "Say what the policy decides for one request, and why");
  auto options = std::make_shared<Options>();
  command->add_option("--config", options->config, "The configuration file")->required();
  command->add_option("--client", options->client, "The client that asks, as the configuration names it")
      ->required();
  command->add_option("--header", options->headers, "A header of the request, 'NAME: VALUE'; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--body", options->body_file,
                      "The file that holds the body, - for stdin; JSON unless a header says otherwise");
  command->add_option("--source", options->source, "The client's IP address")->capture_default_str();
  command->add_option("--at", options->at, "The time of the request, RFC 3339 (default: now)");
  command->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->add_option("METHOD", options->method, "The method, such as GET")->required();
  command->add_option("PATH", options->path, "The path with the API's prefix, such as /push/v1/employees")
      ->required();
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace sluice
