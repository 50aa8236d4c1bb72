// simulation_server: serves a simulator on an event loop of its own until SIGTERM or SIGINT. Thread: the
// caller's.
#pragma once

#include <string>

#include "config/model.h"
#include "config/result.h"
#include "proxy/cli/simulate/simulator.h"

namespace sluice {

struct SimulationSettings {
  std::string api;     // for the log: push, securenvoy or webhook
  std::string seeded;  // for the log: the ids to begin with; empty: none
  Address address;
  std::string tls_certificate;  // PEM; empty: plain HTTP
  std::string tls_private_key;
  Millis latency{0};   // before each answer but the stats
  bool print = false;  // a line on stdout for each request: method, path, status
};

// Returns once a signal has ended it. Fails when it cannot listen.
Result<void> run_simulation(Simulator& simulator, const SimulationSettings& settings);

// One line on stdout, flushed, so that whoever reads a pipe sees it at once.
void print_line(std::string_view line);

}  // namespace sluice
