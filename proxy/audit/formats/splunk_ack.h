// splunk_ack: indexer acknowledgement of Splunk's HTTP Event Collector, by which what was accepted counts
// only once it is indexed. Each delivery names a channel, a GUID, in the header kSplunkChannelHeader; its
// answer has an id, which is polled for on the same channel. Pure; any thread. Fails: nullopt for an answer
// that is not as documented. Source: help.splunk.com, "About HTTP Event Collector Indexer Acknowledgment".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr std::string_view kSplunkChannelHeader = "X-Splunk-Request-Channel";

// The `ackId` of a delivery's answer. nullopt also when the token has no acknowledgement.
std::optional<uint64_t> read_ack_id(std::string_view reply);

// Where to ask: the collector's path, without what follows it, and "/ack". The query is kept.
std::string ack_target(std::string_view collector_target);
// {"acks":[1,2]}. Sent as application/json.
std::string write_ack_poll(std::span<const uint64_t> ids);
// Whether the delivery is indexed. nullopt when the answer does not speak of it. An id that was answered with
// true is forgotten by Splunk, and is false from then on.
std::optional<bool> read_ack_answer(std::string_view reply, uint64_t id);

}  // namespace sluice
