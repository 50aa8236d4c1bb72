#include "proxy/cli/serve_command.h"

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "config/text_check.h"
#include "proxy/cli/forbid_dumps.h"
#include "proxy/cli/read_serving.h"
#include "proxy/gate/gate.h"
#include "proxy/log.h"
#include "proxy/net/passed_sockets.h"

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

int refuse(const Findings& findings) {
  std::string why = "the files above have errors";
  for (const Finding& finding : findings.all()) {
    if (finding.rule == kUnavailable) {
      why = printable(finding.message);
    } else {
      std::cerr << to_text(finding) << '\n';
    }
  }
  std::cerr << "sluice: not started: " << why << '\n';
  return 2;
}

int serve(const std::string& path) {
  if (!processor_fits()) {
    std::cerr << "sluice: not started: the processor lacks SSE 4.2\n";
    return 2;
  }
  Gate::hold_signals();
  forbid_dumps();
  raise_file_limit();
  if (const Result<void> taken = take_passed_sockets(); !taken) {
    std::cerr << "sluice: not started: " << taken.error().message << '\n';
    return 2;
  }
  Secrets secrets;
  const ReadServing read = [path, &secrets](const Serving* before) {
    return read_serving(path, before, secrets);
  };
  ServingRead first = read(nullptr);
  first.findings.sort();
  if (first.serving == nullptr) return refuse(first.findings);
  for (const Finding& finding : first.findings.all()) std::cerr << to_text(finding) << '\n';
  configure_log(first.serving->config.log);
  auto gate = Gate::open(std::move(first), read, secrets.sources);
  if (!gate) {
    std::cerr << "sluice: not started: " << printable(gate.error().message) << '\n';
    return 2;
  }
  const LogThread lines_are_written_aside;
  (*gate)->run();
  gate->reset();  // its last word is a line
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
