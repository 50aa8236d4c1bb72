#include "proxy/cli/audit_list_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/text_check.h"
#include "proxy/audit/event.h"
#include "proxy/cli/audit_source.h"

namespace sluice {

namespace {

using EventJson = nlohmann::json;
constexpr uint64_t kListBatch = 1000;

struct ListOptions {
  AuditSource source;
  AuditRangeText range;
  std::string client, api, operation, decision;
  uint64_t limit = 100;
  std::string format = "text";
};

std::string text_of(const EventJson& data, const char* name) {
  const auto found = data.find(name);
  return found != data.end() && found->is_string() ? found->get<std::string>() : "";
}

// "a,b" of a list of texts.
std::string names_of(const EventJson& data, const char* name) {
  const auto found = data.find(name);
  std::string names;
  if (found == data.end() || !found->is_array()) return names;
  for (const EventJson& one : *found)
    if (one.is_string()) names += (names.empty() ? "" : ",") + one.get<std::string>();
  return names;
}

EventJson data_of_event(const std::string& body) {
  const EventJson event = EventJson::parse(body, nullptr, false);
  const auto found = event.is_object() ? event.find("data") : event.end();
  return event.is_object() && found != event.end() && found->is_object() ? *found : EventJson::object();
}

bool is_wanted(const ListOptions& options, const StoredEvent& event) {
  const std::initializer_list<std::pair<const char*, const std::string&>> wanted = {
      {"client", options.client},
      {"api", options.api},
      {"operation", options.operation},
      {"decision", options.decision}};
  if (std::all_of(wanted.begin(), wanted.end(), [](const auto& field) { return field.second.empty(); }))
    return true;
  const auto is_there = [&event](const auto& field) {
    return event.body.find(field.second) != std::string::npos;
  };
  if (!std::all_of(wanted.begin(), wanted.end(), is_there))
    return false;  // most events, without parsing them
  const EventJson data = data_of_event(event.body);
  return std::all_of(wanted.begin(), wanted.end(), [&data](const auto& field) {
    return field.second.empty() || text_of(data, field.first) == field.second;
  });
}

// Which secret an event is about, and what became of it.
void add_secret(const EventJson& data, std::string& line) {
  for (const char* name :
       {"credential", "api", "key", "header", "change", "old_fingerprint", "new_fingerprint", "fingerprint"})
    if (const std::string value = text_of(data, name); !value.empty())
      line.append("  ").append(name).append("=").append(printable(value));
}

// "TIME  SEQUENCE  TYPE  ..." with what the event has.
std::string to_line(const StoredEvent& event) {
  const EventJson data = data_of_event(event.body);
  const auto time = std::chrono::system_clock::time_point(std::chrono::milliseconds(event.time_ms));
  std::string line =
      format_time(time) + "  " + std::to_string(event.sequence) + "  " + std::string(to_text(event.type));
  for (const char* name : {"client", "source_ip", "operation", "method", "path", "decision"})
    if (const std::string value = text_of(data, name); !value.empty()) line += "  " + printable(value);
  if (!is_request_event(event.type)) add_secret(data, line);
  for (const char* name : {"upstream_status", "status", "lost", "widened", "narrowed", "unknown"})
    if (const auto found = data.find(name); found != data.end() && found->is_number())
      line.append("  ").append(name).append("=").append(found->dump());
  for (const char* name : {"rules", "shadow_rules"})
    if (const std::string names = names_of(data, name); !names.empty())
      line.append("  ").append(name).append("=").append(printable(names));
  for (const char* name : {"webhook", "reason"})
    if (const std::string value = text_of(data, name); !value.empty())
      line.append("  ").append(name).append("=").append(printable(value));
  return line;
}

// The newest `limit` that are wanted, newest first; from the end backwards, so that a few are found soon.
Result<std::vector<StoredEvent>> find_newest(SpoolReader& spool, const ListOptions& options,
                                             const AuditRange& range) {
  std::vector<StoredEvent> found;
  for (uint64_t end = range.last; end >= range.first && end > 0;) {
    auto events = spool.read_back(end, kListBatch);
    if (!events) return events.error();
    if (events->empty()) return found;
    end = events->back().sequence - 1;
    for (StoredEvent& event : *events) {
      if (!range.has(event) || !is_wanted(options, event)) continue;
      found.push_back(std::move(event));
      if (found.size() == options.limit) return found;
    }
  }
  return found;
}

// Prints one event after the other, and the end of the document when it goes.
class EventPrinter {
 public:
  explicit EventPrinter(bool json) : json_(json) {
    if (json_) std::cout << "{\"events\":[";
  }
  ~EventPrinter() {
    if (json_) std::cout << "\n]}\n";
  }
  EventPrinter(const EventPrinter&) = delete;
  EventPrinter& operator=(const EventPrinter&) = delete;

  void print(const StoredEvent& event) {
    if (!json_) {
      std::cout << to_line(event) << '\n';
      return;
    }
    std::cout << (std::exchange(first_, false) ? "\n" : ",\n");
    if (EventJson::accept(event.body))
      std::cout << event.body;
    else
      std::cout << "{\"damaged\":" << event.sequence << "}";
  }

 private:
  const bool json_;
  bool first_ = true;
};

// As they are read: there may be more of them than memory.
Result<void> print_all(SpoolReader& spool, const ListOptions& options, const AuditRange& range) {
  EventPrinter printer(options.format == "json");
  for (uint64_t after = range.first - 1; after < range.last && std::cout;) {
    auto events = spool.read(after, kListBatch);
    if (!events) return events.error();
    if (events->empty()) break;
    after = events->back().sequence;
    for (const StoredEvent& event : *events)
      if (range.has(event) && is_wanted(options, event)) printer.print(event);
  }
  return {};
}

Result<void> print_newest(SpoolReader& spool, const ListOptions& options, const AuditRange& range) {
  const auto newest_first = find_newest(spool, options, range);
  if (!newest_first) return newest_first.error();
  EventPrinter printer(options.format == "json");
  for (auto event = newest_first->rbegin(); event != newest_first->rend(); ++event) printer.print(*event);
  return {};
}

int run_list(const ListOptions& options) {
  auto range = parse_range(options.range);
  if (!range) return audit_failure(range.error().message);
  range->first = std::max<uint64_t>(range->first, 1);
  const auto path = find_spool(options.source);
  if (!path) return 2;
  auto spool = open_spool(*path);
  if (!spool) return audit_failure(spool.error().message);
  auto printed =
      options.limit == 0 ? print_all(**spool, options, *range) : print_newest(**spool, options, *range);
  if (!printed) return audit_failure(printed.error().message);
  return 0;
}

}  // namespace

void add_audit_list_command(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand("list", "Print events, the newest last");
  auto options = std::make_shared<ListOptions>();
  add_source_options(*command, options->source);
  add_range_options(*command, options->range);
  command->add_option("--client", options->client, "Of this client");
  command->add_option("--api", options->api, "Of this API");
  command->add_option("--operation", options->operation, "Of this operation, such as push.employees.merge");
  command->add_option("--decision", options->decision, "allow, deny or refuse")
      ->check(CLI::IsMember({"allow", "deny", "refuse"}));
  command->add_option("--limit", options->limit, "The newest so many; 0: all")->capture_default_str();
  command->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->footer("JSON is {\"events\": [...]} with each event as it is stored.");
  command->callback([options, &exit_code] { exit_code = run_list(*options); });
}

}  // namespace sluice
