#include "proxy/audit/formats/splunk_ack.h"

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kCollector = "/services/collector";

Json parse_object(std::string_view reply) {
  Json json = Json::parse(reply, nullptr, false);
  return json.is_object() ? json : Json::object();
}

}  // namespace

std::optional<uint64_t> read_ack_id(std::string_view reply) {
  const Json json = parse_object(reply);
  const auto id = json.find("ackId");
  if (id == json.end() || !id->is_number_unsigned()) return std::nullopt;
  return id->get<uint64_t>();
}

std::string ack_target(std::string_view collector_target) {
  const size_t query = std::min(collector_target.find('?'), collector_target.size());
  const std::string_view path = collector_target.substr(0, query);
  const size_t found = path.find(kCollector);
  // Behind a proxy that gives the collector another path, its last segment is replaced.
  const std::string_view before = found != std::string_view::npos ? path.substr(0, found + kCollector.size())
                                                                  : path.substr(0, path.rfind('/'));
  return std::string(before) + "/ack" + std::string(collector_target.substr(query));
}

std::string write_ack_poll(std::span<const uint64_t> ids) {
  Json acks = Json::array();
  for (const uint64_t id : ids) acks.push_back(id);
  Json poll;
  poll["acks"] = std::move(acks);
  return poll.dump();
}

std::optional<bool> read_ack_answer(std::string_view reply, uint64_t id) {
  const Json json = parse_object(reply);
  const auto acks = json.find("acks");
  if (acks == json.end() || !acks->is_object()) return std::nullopt;
  const auto ack = acks->find(std::to_string(id));
  if (ack == acks->end() || !ack->is_boolean()) return std::nullopt;
  return ack->get<bool>();
}

}  // namespace sluice
