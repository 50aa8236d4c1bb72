// The programs of `./dev bench audit`, one for each part; audit.py runs them.
#include <cstdio>
#include <stdexcept>

#include "bench_log.h"
#include "proxy/log.h"

namespace sluice::bench {
namespace {

int run(const std::string& part, const std::vector<std::string>& arguments) {
  if (part == "spool") return run_spool(arguments);
  if (part == "group") return run_group(arguments);
  if (part == "piece") return run_piece(arguments);
  if (part == "delivery") return run_delivery(arguments);
  if (part == "retention") return run_retention(arguments);
  if (part == "calls") return run_calls(arguments);
  fail("unknown part " + part);
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: audit_bench spool|group|piece|delivery|retention|calls ARGUMENTS...\n");
    return 2;
  }
  sluice::configure_log({.level = sluice::LogLevel::kError});
  try {
    return sluice::bench::run(argv[1], {argv + 2, argv + argc});
  } catch (const std::logic_error& error) {  // of an argument that is missing or no number
    sluice::bench::fail(error.what());
  }
}
