// slack: a message of an incoming webhook, for people. Up to three events are a line each; more become one
// digest, so that a storm is one message each half minute and not one each second, which Slack would refuse
// (one a second and webhook). Source: docs.slack.dev, "Sending messages using incoming webhooks", "Blocks"
// (a section's text has at most 3,000 characters, a message 50 blocks).
#include <algorithm>
#include <unordered_map>

#include "proxy/audit/formats/event_json.h"
#include "proxy/audit/formats/makers.h"
#include "proxy/audit/formats/slack_text.h"

namespace sluice {
namespace {

constexpr size_t kMostLines = 3;    // events told one by one
constexpr size_t kMostGroups = 10;  // of a digest
// Octets of code spans, so that a line, with the words between them, stays far below a section's 3,000, and
// twelve lines below the 13,000 at which Slack refuses a message though each block is short enough.
constexpr size_t kMostName = 80;
constexpr size_t kMostOperation = 160;
constexpr size_t kMostReason = 400;

const char* verb_of(AuditType type) {
  switch (type) {
    case AuditType::kRequestDenied: return "denied";
    case AuditType::kRequestRefused: return "refused";
    case AuditType::kRequestForwarded: return "answered";
    case AuditType::kRequestAttempted: return "attempted";
    default: return "failed";
  }
}

const char* plural(size_t count) { return count == 1 ? "" : "s"; }

// "`push.groups.delete` on `push` by `siem` was denied: `Nobody deletes groups.`"
std::string sentence(const EventView& view) {
  // A refused request may mean no operation: then its method and its path are all that is known.
  std::string operation = view.text("operation");
  if (operation.empty()) operation = view.text("method") + " " + view.text("path");
  std::string text = slack_code(operation, kMostOperation);
  if (const std::string api = view.text("api"); !api.empty()) text += " on " + slack_code(api, kMostName);
  const std::string client = view.text("client");
  text += " by " + (client.empty() ? "an unknown client" : slack_code(client, kMostName));
  text += view.event.type == AuditType::kRequestFailed ? " " : " was ";
  text += verb_of(view.event.type);
  const std::string reason = view.text("reason");
  if (!reason.empty()) text += ": " + slack_code(reason, kMostReason);
  return text;
}

std::string line(const StoredEvent& event) {
  const EventView view(event);
  std::string text = sentence(view);
  if (const auto rules = view.texts("rules"); !rules.empty())
    text += ", rule " + slack_code(rules.front(), kMostName);
  return text + ", request " + slack_code(view.text("request_id"), kMostName) + ", " + time_of(event);
}

// Events of which the same is told: of the same kind, client, API, operation and reason.
struct Group {
  std::string sentence;
  size_t count = 0;
};

// The largest first; of equal ones the one that came first.
std::vector<Group> group(std::span<const StoredEvent> events) {
  std::vector<Group> groups;
  std::unordered_map<std::string, size_t> index;
  for (const StoredEvent& event : events) {
    const auto [found, is_new] = index.emplace(sentence(EventView(event)), groups.size());
    if (is_new) groups.push_back({found->first, 0});
    ++groups[found->second].count;
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.count > b.count; });
  return groups;
}

std::string span_of(std::span<const StoredEvent> events) {
  constexpr int64_t kSecondMs = 1'000;
  constexpr int64_t kMinuteMs = 60 * kSecondMs;
  constexpr int64_t kHourMs = 60 * kMinuteMs;
  const int64_t ms = std::max<int64_t>(events.back().time_ms - events.front().time_ms, 0);
  auto rounded = [ms](int64_t unit) { return std::to_string((ms + unit / 2) / unit); };
  if (ms < 2 * kSecondMs) return "at once";
  if (ms < 2 * kMinuteMs) return "in " + rounded(kSecondMs) + " s";
  if (ms < 2 * kHourMs) return "in " + rounded(kMinuteMs) + " min";
  return "in " + rounded(kHourMs) + " h";
}

// "57 requests were denied in 2 min", or of each kind when there are several.
std::string headline(std::span<const StoredEvent> events) {
  std::vector<std::pair<AuditType, size_t>> counts;
  for (const StoredEvent& event : events) {
    auto found = std::find_if(counts.begin(), counts.end(),
                              [&event](const auto& count) { return count.first == event.type; });
    if (found == counts.end()) found = counts.insert(counts.end(), {event.type, 0});
    ++found->second;
  }
  const std::string total = std::to_string(events.size()) + " requests";
  if (counts.size() == 1) {
    const char* link = counts[0].first == AuditType::kRequestFailed ? " " : " were ";
    return total + link + verb_of(counts[0].first) + " " + span_of(events);
  }
  std::string text = total + " " + span_of(events);
  for (size_t i = 0; i < counts.size(); ++i)
    text += (i == 0 ? ": " : ", ") + std::to_string(counts[i].second) + " " + verb_of(counts[i].first);
  return text;
}

std::vector<std::string> digest(std::span<const StoredEvent> events) {
  std::vector<std::string> lines = {headline(events)};
  const std::vector<Group> groups = group(events);
  const size_t shown = std::min(groups.size(), kMostGroups);
  for (size_t i = 0; i < shown; ++i)
    lines.push_back(std::to_string(groups[i].count) + " × " + groups[i].sentence);
  if (shown == groups.size()) return lines;
  size_t rest = 0;
  for (size_t i = shown; i < groups.size(); ++i) rest += groups[i].count;
  const size_t others = groups.size() - shown;
  lines.push_back("and " + std::to_string(others) + " other" + plural(others) + " with " +
                  std::to_string(rest) + " request" + plural(rest));
  return lines;
}

class Slack final : public EventFormat {
 public:
  std::string_view content_type() const override { return "application/json"; }
  bool carries(AuditType type) const override { return is_request_event(type); }
  size_t most_events() const override { return 1000; }
  // A digest is short, however many events it tells of.
  Bytes most_octets() const override { return 64_MiB; }
  Millis pause() const override { return Millis(30'000); }
  std::string write(std::span<const StoredEvent> events) const override;
  std::string explain(const HttpResult& result) const override;
};

// `text` is what a notification shows. No link is followed for a preview.
std::string Slack::write(std::span<const StoredEvent> events) const {
  std::vector<std::string> lines;
  if (events.size() > kMostLines) {
    lines = digest(events);
  } else {
    for (const StoredEvent& event : events) lines.push_back(line(event));
  }
  EventJson message;
  message["text"] = lines.front();
  message["unfurl_links"] = false;
  message["unfurl_media"] = false;
  EventJson blocks = EventJson::array();
  for (const std::string& text : lines) {
    EventJson section = {{"type", "section"}};
    // verbatim: no names and addresses become links.
    section["text"] = {{"type", "mrkdwn"}, {"text", text}, {"verbatim", true}};
    blocks.push_back(std::move(section));
  }
  message["blocks"] = std::move(blocks);
  return to_octets(message);
}

// Slack answers an error with one word, such as invalid_blocks or no_service.
std::string Slack::explain(const HttpResult& result) const {
  constexpr size_t kLongestWord = 64;
  const bool is_word = result.error.empty() && result.body.size() <= kLongestWord &&
                       result.body.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  const bool failed = result.status < 200 || result.status > 299;
  return is_word && failed ? result.body : std::string();
}

}  // namespace

std::unique_ptr<EventFormat> make_slack_format() { return std::make_unique<Slack>(); }

}  // namespace sluice
