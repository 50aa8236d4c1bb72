// top_screen: the figures of GET /status as lines for a terminal. Pure: the same document and the same size
// give the same lines. Whatever the document holds, no line is wider than asked, and nothing in it reaches
// the terminal as anything but text (terminal_text).
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

// How many of each decision there are in a second.
struct DecisionRates {
  double allow = 0, deny = 0, refuse = 0, failed = 0;
};

struct TopView {
  size_t columns = 80;
  size_t lines = 0;     // at most; 0: as many as there are
  bool colors = false;  // by SGR sequences (ECMA-48 8.3.117)
  std::string trouble;  // not empty: the gate could not be asked, and why; what is shown is old
  std::optional<DecisionRates> rates;
};

// `status`: the last one; null when there was none yet.
std::vector<std::string> render_top(const nlohmann::ordered_json& status, const TopView& view);

// What has happened between two documents, by their own times. nullopt when they do not follow each other.
std::optional<DecisionRates> rates_between(const nlohmann::ordered_json& before,
                                           const nlohmann::ordered_json& after);

// Whether the gate says that it is ready.
bool is_ready(const nlohmann::ordered_json& status);

}  // namespace sluice
