#include "proxy/cli/serve_command.h"

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "config/text_check.h"
#include "proxy/cli/forbid_dumps.h"
#include "proxy/cli/load.h"
#include "proxy/gate/gate.h"
#include "proxy/log.h"

namespace sluice {

namespace {

// As many connections as the system lets a process have.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// What the build takes for granted (llhttp's use of SSE 4.2).
bool processor_fits() {
#ifdef __x86_64__
  return __builtin_cpu_supports("sse4.2") != 0;
#else
  return true;
#endif
}

int serve(const std::string& path) {
  if (!processor_fits()) {
    std::cerr << "sluice: not started: the processor lacks SSE 4.2\n";
    return 2;
  }
  Gate::hold_signals();
  forbid_dumps();
  raise_file_limit();
  Findings findings;
  std::optional<Loaded> loaded = load_files(path, findings);
  findings.sort();
  for (const Finding& finding : findings.all()) std::cerr << to_text(finding) << '\n';
  if (!loaded || findings.has_errors()) {
    std::cerr << "sluice: not started: the files above have errors\n";
    return 2;
  }
  configure_log(loaded->config.log);
  Secrets secrets;
  auto serving = make_serving(std::move(loaded->config), std::move(loaded->engine), loaded->policy_sha256,
                              std::move(loaded->policy_text), &secrets);
  if (!serving) {
    std::cerr << "sluice: not started: " << printable(serving.error().message) << '\n';
    return 2;
  }
  auto gate = Gate::open(*serving);
  if (!gate) {
    std::cerr << "sluice: not started: " << printable(gate.error().message) << '\n';
    return 2;
  }
  (*gate)->run();
  return 0;
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("serve", "Run the gate until SIGTERM or SIGINT");
  auto path = std::make_shared<std::string>();
  command->add_option("--config", *path, "The configuration file")->required();
  command->callback([path, &exit_code] { exit_code = serve(*path); });
}

}  // namespace sluice
