// event_json: a stored event, read for the formats that say it in other words. Pure; any thread. Fails:
// never; what is absent, null or of another type is empty. The fields are those of interface 6.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/audit/chain.h"

namespace sluice {

using EventJson = nlohmann::ordered_json;

// The `data` of an event, {} when it has none; and the instance that its `source` names.
struct EventView {
  explicit EventView(const StoredEvent& stored);
  std::string text(const char* name) const;
  std::optional<int64_t> number(const char* name) const;
  std::vector<std::string> texts(const char* name) const;
  bool has_tag(std::string_view tag) const;

  const StoredEvent& event;  // outlives this
  bool is_readable = false;
  std::string instance;
  EventJson data = EventJson::object();
};

// What a request does to what it names, as far as its operation says.
enum class Activity : uint8_t {
  kUnknown,  // it was refused before its method meant anything
  kCreate,
  kRead,
  kUpdate,
  kDelete,
  kOther,
};
Activity activity_of(const EventView& view);

// RFC 3339, of the event's time.
std::string time_of(const StoredEvent& event);
// `text` when it is an IP address, else "": a field of that type would make a receiver refuse the event.
std::string only_ip(const std::string& text);
// From queueing to the vendor's answer.
std::optional<int64_t> duration_ms(const EventView& view);
// Whether the vendor's status is one of success; nullopt when it is not known what became of the request.
std::optional<bool> succeeded(const EventView& view);

// Each leaves `object` alone when there is nothing to say.
void put(EventJson& object, const char* name, const std::string& value);
void put(EventJson& object, const char* name, const std::optional<int64_t>& value);

// Without line ends; invalid UTF-8 becomes U+FFFD.
std::string to_octets(const EventJson& json);

}  // namespace sluice
