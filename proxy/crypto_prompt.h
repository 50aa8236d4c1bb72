// crypto_prompt: asks for a secret on the terminal, without echo, twice. OpenSSL's UI_METHOD, which puts the
// terminal back when a signal comes. Thread: the main one of a command; it blocks.
#pragma once

#include <optional>
#include <string>

#include "config/secret.h"

namespace sluice {

constexpr size_t kMostPromptOctets = 4095;  // of one line that the terminal hands over (N_TTY)

// nullopt when the two differ, nothing was written, or who was asked gave up.
std::optional<Secret> ask_twice(const std::string& prompt);

}  // namespace sluice
