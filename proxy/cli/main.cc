// The composition root: every subcommand of sluice, and nothing else.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "proxy/cli/audit_command.h"
#include "proxy/cli/catalogue_command.h"
#include "proxy/cli/check_command.h"
#include "proxy/cli/client_command.h"
#include "proxy/cli/diff_command.h"
#include "proxy/cli/explain_command.h"
#include "proxy/cli/keys_command.h"
#include "proxy/cli/ready_command.h"
#include "proxy/cli/serve_command.h"
#include "proxy/cli/simulate_command.h"
#include "proxy/cli/standard_streams.h"
#include "proxy/cli/test_command.h"
#include "proxy/cli/top_command.h"
#include "proxy/cli/version_command.h"
#include "proxy/crypto_memory.h"

int main(int argc, char** argv) {
  if (!sluice::hold_standard_streams()) return 2;  // and nowhere to say so
  sluice::wipe_crypto_memory();
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"sluice: a gate in front of the Push Security and SecurEnvoy REST APIs"};
  app.require_subcommand(1);
  int exit_code = 0;
  sluice::add_serve_command(app, exit_code);
  sluice::add_check_command(app, exit_code);
  sluice::add_test_command(app, exit_code);
  sluice::add_explain_command(app, exit_code);
  sluice::add_diff_command(app, exit_code);
  sluice::add_catalogue_command(app, exit_code);
  sluice::add_client_command(app, exit_code);
  sluice::add_keys_command(app, exit_code);
  sluice::add_audit_command(app, exit_code);
  sluice::add_simulate_command(app, exit_code);
  sluice::add_ready_command(app, exit_code);
  sluice::add_top_command(app, exit_code);
  sluice::add_version_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    std::cerr << "sluice: " << error.what() << " (sluice --help lists the commands)\n";
    return 2;
  }
  // A report that is cut off must not pass for one without findings.
  if (!std::cout.flush()) {
    std::cerr << "sluice: cannot write the output\n";
    return 2;
  }
  return exit_code;
}
