// checkpoint: what the gate signs about its chain, as the text of a signed note.
//   the chain's head      sluice/SPOOL_ID/chain-head, the last sequence in decimal, the base64 of the SHA-256
//   of
//                         that event, and the time
//   what retention did    sluice/SPOOL_ID/removed, the last sequence that was removed, and the time
// The first three lines of a head are laid out as c2sp.org/tlog-checkpoint has them, but the hash is the end
// of a linear chain and not a Merkle root: the origin says so. Times are RFC 3339 in UTC with milliseconds.
// One key name, "sluice/SPOOL_ID/chain-head", signs both. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/audit/chain.h"

namespace sluice {

struct Checkpoint {
  std::string spool_id;
  ChainHead head;
  std::string time;
};

struct Removal {
  std::string spool_id;
  uint64_t through = 0;  // events up to this one were removed
  std::string time;
};

// The fact (spool_rows.h) that holds the newest Removal as a signed note, written with each removal.
constexpr std::string_view kRemovalFact = "removed";

std::string checkpoint_key_name(std::string_view spool_id);
std::string to_text(const Checkpoint& checkpoint);
std::string to_text(const Removal& removal);
// Strict: one text for one value. nullopt for anything else.
std::optional<Checkpoint> parse_checkpoint(std::string_view text);
std::optional<Removal> parse_removal(std::string_view text);

}  // namespace sluice
