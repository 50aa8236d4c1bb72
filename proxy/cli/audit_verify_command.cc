#include "proxy/cli/audit_verify_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "config/text_check.h"
#include "proxy/audit/checkpoint_key.h"
#include "proxy/audit/spool_check.h"
#include "proxy/cli/audit_source.h"
#include "proxy/cli/progress.h"

namespace sluice {

namespace {

struct VerifyOptions {
  AuditSource source;
  std::vector<std::string> public_keys;
  std::string checkpoints;
  std::string exported;
  uint64_t begins_at = 1;
  bool allow_gaps = false;
  std::string format = "text";
};

// What is checked, and what with.
struct VerifyInput {
  std::string place;  // of the spool or the export
  AuditCheck::Known known;
  std::vector<std::string> warnings;
};

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// Each argument is a key as text, or a file of them. Without any: those beside the spool.
Result<void> find_keys(const VerifyOptions& options, const std::string& spool, VerifyInput& input) {
  for (const std::string& text : options.public_keys) {
    if (auto key = parse_note_verifier(text)) {
      input.known.keys.push_back(std::move(*key));
      continue;
    }
    auto keys = read_public_keys(text);
    if (!keys) return Error{"--public-key: " + keys.error().message};
    input.known.keys.insert(input.known.keys.end(), keys->begin(), keys->end());
  }
  if (!input.known.keys.empty()) return {};
  const std::string beside = spool + ".pub";
  if (spool.empty() || !file_exists(beside)) {
    input.warnings.push_back(
        "no public key is known: signatures were not checked, name one with --public-key");
    return {};
  }
  auto keys = read_public_keys(beside);
  if (!keys) return keys.error();
  input.known.keys = std::move(*keys);
  input.warnings.push_back(
      "the public key is from " + beside +
      ": who can change the spool can change it too, name a copy from elsewhere with --public-key");
  return {};
}

Result<void> add_checkpoints(const std::string& path, VerifyInput& input) {
  auto lines = read_checkpoint_file(path);
  if (!lines) return lines.error();
  auto& all = input.known.checkpoints;
  all.insert(all.end(), lines->begin(), lines->end());
  return {};
}

// The file that is named, or the one beside the spool; with the one that was moved aside before it.
Result<void> find_checkpoints(const VerifyOptions& options, const std::string& spool, VerifyInput& input) {
  const std::string path = !options.checkpoints.empty() ? options.checkpoints : spool + ".checkpoints";
  if (options.checkpoints.empty() && (spool.empty() || !file_exists(path))) {
    input.warnings.push_back(
        "there is no checkpoint file: a tail that was cut shows only by the spool's own head");
    return {};
  }
  if (file_exists(path + ".1"))
    if (auto done = add_checkpoints(path + ".1", input); !done) return done;
  return add_checkpoints(path, input);
}

nlohmann::ordered_json to_json(const VerifyInput& input, const AuditReport& report) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const AuditFinding& finding : report.findings)
    findings.push_back(
        {{"event", finding.event == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(finding.event)},
         {"rule", finding.rule},
         {"message", finding.message}});
  return {{"status", report.findings.empty() ? "whole" : "broken"},
          {"checked", input.place},
          {"spool_id", report.spool_id},
          {"first", report.first},
          {"last", report.last},
          {"events", report.events},
          {"checkpoints", report.checkpoints},
          {"file_checkpoints", report.file_checkpoints},
          {"signatures_checked", report.signatures_checked},
          {"signed_through", report.signed_through},
          {"signed_at", report.signed_at},
          {"findings", findings},
          {"more_findings", report.more_findings},
          {"warnings", report.warnings}};
}

void print_text(const VerifyInput& input, const AuditReport& report) {
  for (const AuditFinding& finding : report.findings)
    std::cout << input.place << ": " << finding.rule << ": " << finding.message << '\n';
  if (report.more_findings > 0)
    std::cout << input.place << ": and " << report.more_findings << " findings more\n";
  std::cout << input.place << ": " << (report.findings.empty() ? "whole" : "BROKEN") << ": " << report.events
            << " events";
  if (report.events > 0) std::cout << ", " << report.first << " to " << report.last;
  if (!report.spool_id.empty()) std::cout << ", of spool " << printable(report.spool_id);
  std::cout << '\n';
  if (report.first > 1)
    std::cout << "  checked from event " << report.first << " on: the gate removed those before it\n";
  std::cout << "  " << report.checkpoints << " checkpoints in the chain and " << report.file_checkpoints
            << " in the file" << (report.signatures_checked ? ", their signatures checked" : "") << '\n';
  if (report.signed_through > 0)
    std::cout << "  signed through event " << report.signed_through << " (" << printable(report.signed_at)
              << "); " << (static_cast<uint64_t>(std::max<int64_t>(report.last, 0)) - report.signed_through)
              << " events after it are held by the chain alone\n";
  for (const std::string& warning : report.warnings) std::cout << "  warning: " << printable(warning) << '\n';
}

Result<AuditReport> check_input(const VerifyOptions& options, const std::string& spool, VerifyInput& input) {
  if (auto done = find_keys(options, spool, input); !done) return done.error();
  if (auto done = find_checkpoints(options, spool, input); !done) return done.error();
  Progress shown("events");
  const CheckProgress progress = [&shown](uint64_t events, uint64_t total) {
    shown.at(events, share_of(1, events, total));
  };
  if (!options.exported.empty()) {
    input.known.allow_gaps = options.allow_gaps;
    return check_export(options.exported, options.begins_at, std::move(input.known), progress);
  }
  auto reader = open_spool(spool);
  if (!reader) return reader.error();
  return check_spool(**reader, std::move(input.known), progress);
}

int run_verify(const VerifyOptions& options) {
  std::string spool;
  if (options.exported.empty() || !options.source.config.empty() || !options.source.spool.empty()) {
    const auto found = find_spool(options.source);
    if (!found) return 2;
    spool = *found;
  }
  VerifyInput input;
  input.place = options.exported.empty() ? spool : options.exported;
  auto report = check_input(options, spool, input);
  if (!report) return audit_failure(report.error().message);
  report->warnings.insert(report->warnings.begin(), input.warnings.begin(), input.warnings.end());
  if (options.format == "json")
    std::cout << to_json(input, *report).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
              << '\n';
  else
    print_text(input, *report);
  return report->findings.empty() ? 0 : 1;
}

}  // namespace

void add_audit_verify_command(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand("verify", "Say whether the events are those that the gate wrote");
  auto options = std::make_shared<VerifyOptions>();
  add_source_options(*command, options->source);
  command
      ->add_option("--public-key", options->public_keys,
                   "A key that signs checkpoints, or a file of them (default: SPOOL.pub); may be repeated")
      ->allow_extra_args(false);
  command->add_option("--checkpoints", options->checkpoints,
                      "The checkpoint file (default: SPOOL.checkpoints)");
  command->add_option("--export", options->exported, "Check this export instead of the spool");
  command->add_option("--begins-at", options->begins_at, "The sequence at which the export was made to begin")
      ->capture_default_str();
  command->add_flag("--allow-gaps", options->allow_gaps,
                    "The export was filtered: events may be missing in it");
  command->add_option("--format", options->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->footer(
      "Checks the pages, each event and its columns, the chain, its head, and every checkpoint. Exits 0 when "
      "all is\n"
      "whole, 1 when something is not, 2 when nothing can be checked. Events after the last checkpoint are "
      "held by the\n"
      "chain alone: who can write the spool can replace them.");
  command->callback([options, &exit_code] { exit_code = run_verify(*options); });
}

}  // namespace sluice
