#include "proxy/cli/client_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>

#include "config/config_parts.h"
#include "config/rfc3339.h"
#include "proxy/crypto.h"

namespace sluice {

namespace {

constexpr size_t kTokenOctets = 32;

// RFC 4648 5, without padding. The prefix lets secret scanners find tokens that went astray.
std::string new_token() {
  std::array<uint8_t, kTokenOctets> octets{};
  random_bytes(octets.data(), octets.size());
  std::string text = base64_encode({reinterpret_cast<const char*>(octets.data()), octets.size()});
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return "sluice_" + text;
}

int create(const std::string& name, const std::string& expires) {
  if (!is_name(name)) {
    std::cerr
        << "sluice: NAME: expected letters, digits, ., _ and -, starting with a letter or a digit, got '"
        << name << "'\n";
    return 2;
  }
  const auto end = parse_date_or_time(expires);
  if (!expires.empty() && !end) {
    std::cerr << "sluice: --expires: expected a date such as 2027-01-31 or a time such as "
                 "2027-01-31T18:00:00Z, got '"
              << expires << "'\n";
    return 2;
  }
  if (end && *end <= std::chrono::system_clock::now())
    std::cerr << "sluice: --expires: " << expires << " is over already: this token is refused at once\n";
  const std::string token = new_token();
  const std::string hash = "\"" + hex(sha256(token)) + "\"";
  std::cout << "The token of " << name << ", shown this once:\n\n  " << token
            << "\n\nIn the configuration, under clients:\n\n  " << name << ":\n    token_sha256: [ "
            << (expires.empty() ? hash : "{ hash: " + hash + ", expires: " + expires + " }") << " ]\n";
  return 0;
}

}  // namespace

void add_client_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("client", "Manage the tokens of clients");
  command->require_subcommand(1);
  CLI::App* create_command =
      command->add_subcommand("new", "Print a new client token once, and the hash for the configuration");
  auto name = std::make_shared<std::string>();
  create_command->add_option("NAME", *name, "The client's name in the configuration")->required();
  auto expires = std::make_shared<std::string>();
  create_command->add_option("--expires", *expires,
                             "Refused from then on: a date (00:00 UTC) or a time (RFC 3339)");
  create_command->callback([name, expires, &exit_code] { exit_code = create(*name, *expires); });
}

}  // namespace sluice
