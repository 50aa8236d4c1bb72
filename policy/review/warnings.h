// warnings: what a valid policy says in vain, or more widely than it was probably meant. Each is certain or
// left out, stands at its place and names a remedy. Off the request path; `check` prints them, `serve` does
// not look.
#pragma once

#include <span>
#include <string_view>

#include "config/finding.h"
#include "policy/engine.h"

namespace sluice {

// Requires: the engine was compiled from this configuration.
void add_policy_warnings(const Engine& engine, const Config& config, Findings& findings);

// The names under which they are reported, for machines.
struct WarningKind {
  std::string_view rule;
  std::string_view description;
};
std::span<const WarningKind> warning_kinds();

}  // namespace sluice
