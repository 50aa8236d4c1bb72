#include "proxy/cli/version_command.h"

#include <uv.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "proxy/version.h"

namespace sluice {

void add_version_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([&exit_code] {
    std::cout << "sluice " << kVersion << " (libuv " << uv_version_string() << ")\n";
    exit_code = 0;
  });
}

}  // namespace sluice
