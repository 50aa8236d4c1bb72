// unseal: from a configuration's { sealed: NAME } to values (interface 2.3). Any thread; opening a store
// takes 0.2 s. Fails: with the place in the configuration, or the store's path, and the remedy; never a
// value.
#pragma once

#include "config/finding.h"
#include "config/model.h"
#include "config/result.h"
#include "config/secret.h"

namespace sluice {

constexpr size_t kShortestMaster = 16;  // octets

// "FILE:LINE:COLUMN: ", before what is wrong there.
std::string place_of(const Position& at);

// The master where a configuration, or an option, says it is; surrounding white space does not count.
Result<Secret> read_master(const SecretRef& ref);

// Puts the value into each reference to a sealed secret. Opens the store only when there is one.
Result<void> unseal(Config& config);

// What can be said without the master: the store is there, whole and closed to others, and has every name
// that the configuration uses.
void check_sealed_names(const Config& config, Findings& findings);

}  // namespace sluice
