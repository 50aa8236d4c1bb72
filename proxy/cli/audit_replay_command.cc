#include "proxy/cli/audit_replay_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <limits>
#include <memory>

#include "config/config_reader.h"
#include "config/map_reader.h"
#include "config/text_check.h"
#include "proxy/audit/event_fields.h"
#include "proxy/audit/event_source.h"
#include "proxy/audit/replay.h"
#include "proxy/audit/resolve_webhook.h"
#include "proxy/cli/audit_source.h"
#include "proxy/cli/progress.h"
#include "proxy/keys/secret_sources.h"
#include "proxy/log.h"

namespace sluice {

namespace {

constexpr uint64_t kReplayBatch = 128;

struct ReplayOptions {
  std::string config;
  std::string webhook;
  uint64_t from = 0;
  uint64_t to = std::numeric_limits<int64_t>::max();
  bool dead = false;
};

Result<WebhookConfig> find_webhook(const Config& config, const std::string& name) {
  std::vector<std::string> names;
  for (const WebhookConfig& webhook : config.audit.webhooks) {
    if (webhook.name == name) return webhook;
    names.push_back(webhook.name);
  }
  return Error{"--webhook: the configuration has no webhook \"" + name + "\"" + suggestion(name, names)};
}

std::optional<StoredEvent> to_event(DeadLetter letter) {
  const auto fields = read_event_fields(letter.body);
  const auto type =
      fields
          ? parse_audit_type(std::string_view(fields->type).substr(std::min<size_t>(10, fields->type.size())))
          : std::nullopt;
  if (!type) return std::nullopt;
  return StoredEvent{letter.sequence,       fields->id, *type, event_time_ms(fields->time).value_or(0), "",
                     std::move(letter.body)};
}

// Cuts what comes after --to.
ReplaySource make_source(SpoolReader& spool, const ReplayOptions& options) {
  return [&spool, options](uint64_t after) -> Result<std::vector<StoredEvent>> {
    std::vector<StoredEvent> events;
    if (options.dead) {
      auto letters = spool.dead_letters(options.webhook, after, kReplayBatch);
      if (!letters) return letters.error();
      for (DeadLetter& letter : *letters) {
        const uint64_t sequence = letter.sequence;
        auto event = to_event(std::move(letter));
        if (!event) return Error{"the dead letter of event " + std::to_string(sequence) + " is damaged"};
        events.push_back(std::move(*event));
      }
    } else {
      auto read = spool.read(after, kReplayBatch);
      if (!read) return read.error();
      events = std::move(*read);
    }
    std::erase_if(events, [&options](const StoredEvent& event) { return event.sequence > options.to; });
    return events;
  };
}

int report_replay(const ReplayOptions& options, const ReplayResult& result) {
  std::cout << result.deliveries << " deliveries to " << options.webhook << ", through event "
            << result.through << '\n';
  if (result.refused > 0)
    std::cout << result.refused << " events were refused, the last: " << printable(result.last_refusal)
              << '\n';
  if (!result.error.empty()) {
    std::cerr << "sluice: gave up: " << printable(result.error) << "; go on with --from "
              << result.through + 1 << '\n';
    return 2;
  }
  return result.refused > 0 ? 1 : 0;
}

int run_replay(const ReplayOptions& options) {
  if (options.from == 0 && !options.dead)
    return audit_failure("say --from SEQUENCE, or --dead for what it refused");
  Findings findings;
  auto config = read_config_file(options.config, findings);
  if (!config) {
    findings.sort();
    for (const Finding& finding : findings.all()) std::cerr << to_text(finding) << '\n';
    return 2;
  }
  configure_log(config->log);
  if (auto fetched = SecretSources().fetch(*config); !fetched) return audit_failure(fetched.error().message);
  const auto webhook = find_webhook(*config, options.webhook);
  if (!webhook) return audit_failure(webhook.error().message);
  auto resolved = resolve_webhook(*webhook);
  if (!resolved) return audit_failure(resolved.error().message);
  auto target = make_delivery_target(std::move(*resolved), event_origin());
  if (!target) return audit_failure(target.error().message);
  auto spool = open_spool(config->audit.spool);
  if (!spool) return audit_failure(spool.error().message);
  target->row.acked = options.from == 0 ? 0 : options.from - 1;
  const auto head = (*spool)->head();
  const uint64_t end = options.dead || !head ? 0 : std::min(options.to, head->sequence);
  Progress shown("deliveries");
  const ReplayResult result = replay(std::move(*target), make_source(**spool, options), {},
                                     [&shown, &options, end](uint64_t deliveries, uint64_t through) {
                                       shown.at(deliveries, share_of(options.from, through, end));
                                     });
  shown.clear();
  return report_replay(options, result);
}

}  // namespace

void add_audit_replay_command(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand("replay", "Send events to a webhook once more");
  auto options = std::make_shared<ReplayOptions>();
  command->add_option("--config", options->config, "The configuration file")->required();
  command->add_option("--webhook", options->webhook, "The webhook's name in it")->required();
  command->add_option("--from", options->from, "The first event, by its sequence number");
  command->add_option("--to", options->to, "The last one; default: the newest");
  command->add_flag("--dead", options->dead, "What the webhook refused and was set aside");
  command->footer(
      "Sends what the webhook would get, in order, with the same ids and octets, and moves no position: "
      "beside a\n"
      "running gate too. Exits 0 when all was taken, 1 when events were refused, 2 when it gave up after "
      "five failures.");
  command->callback([options, &exit_code] { exit_code = run_replay(*options); });
}

}  // namespace sluice
