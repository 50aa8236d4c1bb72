#include "proxy/cli/simulate/event_lines.h"

#include <sstream>

namespace sluice {
namespace {

constexpr size_t kLongestWord = 200;

// A member as one word: white space and control characters become "?".
std::string word(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return "-";
  std::string text = found->is_string()
                         ? found->get<std::string>()
                         : found->dump(-1, ' ', true, nlohmann::detail::error_handler_t::replace);
  if (text.empty()) return "-";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) c = '?';
  }
  if (text.size() > kLongestWord) text.resize(kLongestWord);
  return text;
}

const Json& object_member(const Json& object, const char* name) {
  static const Json kEmpty = Json::object();
  const auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : kEmpty;
}

}  // namespace

std::vector<Json> split_events(std::string_view body) {
  if (const std::optional<Json> whole = parse_json(body)) {
    if (!whole->is_array()) return {*whole};
    return {whole->begin(), whole->end()};
  }
  std::vector<Json> events;
  std::istringstream rest{std::string(body)};
  try {
    while (rest >> std::ws && rest.peek() != std::istringstream::traits_type::eof()) {
      Json event;
      rest >> event;  // reads one text and leaves what follows; throws when there is none
      events.push_back(std::move(event));
    }
  } catch (const Json::exception&) {
    return {Json()};
  }
  if (events.empty()) return {Json()};
  return events;
}

std::string describe_event(const Json& event) {
  if (!event.is_object()) return "- - - - - -";
  const Json& wrapped = object_member(event, "event");
  const Json& cloud_event = wrapped.empty() ? event : wrapped;
  const Json& data = object_member(cloud_event, "data");
  return word(data, "sequence") + " " + word(cloud_event, "type") + " " + word(data, "operation") + " " +
         word(data, "client") + " " + word(data, "decision") + " " + word(data, "upstream_status");
}

}  // namespace sluice
