#include "proxy/cli/top_screen.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "config/rfc3339.h"
#include "proxy/cli/status_fields.h"
#include "proxy/cli/styled_line.h"

namespace sluice {
namespace {

constexpr size_t kMostApis = 24, kMostClients = 5, kMostWebhooks = 12, kMostDenials = 20;
constexpr size_t kName = 14, kBar = 10, kClient = 12;
constexpr double kNoticed = 0.5;       // s; a shorter wait is pacing that nobody notices
constexpr double kBehindSeconds = 60;  // further behind, the gate names a webhook in /readyz

struct Words {
  std::string text;
  Style style = Style::kPlain;
};

// HH:MM:SS of a time in RFC 3339.
std::string clock_of(const std::string& time) { return time.size() >= 19 ? time.substr(11, 8) : "-"; }

std::string bar_of(std::optional<double> share) {
  const double full = std::clamp(share.value_or(0), 0.0, 1.0);
  const auto marks = static_cast<size_t>(std::lround(full * static_cast<double>(kBar)));
  return std::string(marks, '#') + std::string(kBar - marks, '.');
}

// The parts that are not ready, or in trouble.
std::string parts_text(const Json& status, bool down) {
  std::string text;
  for (const Json& part : list_of(status, "parts")) {
    const std::string detail = text_of(part, "detail");
    const bool ready = field(part, "ready") != false;
    if (down ? ready : (!ready || detail.empty() || detail == "ok")) continue;
    text += (text.empty() ? "" : "; ") + text_of(part, "name") + (detail.empty() ? "" : ": " + detail);
  }
  return text;
}

Words overall(const Json& status, const TopView& view, std::string& why) {
  if (!view.trouble.empty()) {
    why = view.trouble + (status.is_null() ? "; trying again" : "; trying again, the figures are old");
    return {"NO ANSWER", Style::kBad};
  }
  if (status.is_null()) return {"CONNECTING", Style::kFaint};
  if (is_true(status, "draining")) {
    why = "takes no new requests, finishes those under way";
    return {"DRAINING", Style::kWarn};
  }
  if (!is_ready(status)) {
    why = parts_text(status, true);
    return {"NOT READY", Style::kBad};
  }
  why = parts_text(status, false);
  return why.empty() ? Words{"READY", Style::kGood} : Words{"READY, WITH TROUBLE", Style::kWarn};
}

Words state_of(const Json& api) {
  const Json& limit = field(api, "limit");
  if (api.is_object() && api.contains("wait_seconds") && api["wait_seconds"].is_null())
    return {"nothing is sent", Style::kBad};
  const double held = number_of(limit, "held_seconds").value_or(0);
  if (held > 0) return {"held " + seconds_text(held) + ", 429", Style::kWarn};
  if (number_of(api, "waiting").value_or(0) > 0)
    return {"up to " + seconds_text(number_of(api, "oldest_seconds")), Style::kWarn};
  if (number_of(api, "wait_seconds").value_or(0) >= kNoticed) return {"requests wait", Style::kWarn};
  if (number_of(limit, "in_use").value_or(0) >= 0.8) return {"nearly used up", Style::kWarn};
  return {"free", Style::kGood};
}

StyledLine api_line(const Json& api) {
  const Json& limit = field(api, "limit");
  const Words state = state_of(api);
  const bool waits = number_of(api, "waiting").value_or(0) > 0;
  StyledLine line;
  line.cell(text_of(api, "name"), kName, Style::kStrong).add(" ");
  line.add(bar_of(number_of(limit, "in_use")), state.style);
  line.number(percent_text(number_of(limit, "in_use")), 7);
  line.number(
      decimal_text(number_of(limit, "per_second")) + " of " + decimal_text(number_of(limit, "rate")) + "/s",
      14);
  line.number(seconds_text(number_of(api, "wait_seconds")), 9);
  line.number(count_text(number_of(api, "waiting")), 8, waits ? Style::kWarn : Style::kPlain);
  return line.add("  ").add(state.text, state.style);
}

// Its percentage is of the vendor's limit, so that clients add up to their API.
StyledLine client_line(const Json& client, const Json& api) {
  const std::string name = text_of(client, "name"), busiest = text_of(api, "busiest");
  const auto share = number_of(client, "share"), in_use = number_of(field(api, "limit"), "in_use");
  const auto part = share && in_use ? std::optional(*share * *in_use) : std::nullopt;
  const bool waits = number_of(client, "waiting").value_or(0) > 0;
  StyledLine line;
  line.add("  ").cell(name, kName - 2).add(" ").add(bar_of(part), Style::kFaint);
  line.number(percent_text(part), 7);
  line.number(decimal_text(number_of(client, "per_second")) + "/s", 14);
  line.number("", 9).number(count_text(number_of(client, "waiting")), 8,
                            waits ? Style::kWarn : Style::kPlain);
  if (!busiest.empty() && name == busiest) line.add("  causes the wait", Style::kWarn);
  return line;
}

StyledLine requests_line(const Json& status, const TopView& view) {
  const Json& requests = field(status, "requests");
  const DecisionRates rates = view.rates.value_or(DecisionRates{});
  StyledLine line;
  line.cell("REQUESTS", kName, Style::kFaint);
  const auto one = [&](const char* name, const char* words, double rate, Style style) {
    line.add(" ").add(words, style).add(" " + count_text(number_of(requests, name)));
    if (rate > 0) line.add(" (" + decimal_text(rate) + "/s)");
    line.add(" ");
  };
  one("allow", "allowed", rates.allow, Style::kGood);
  one("deny", "denied", rates.deny, Style::kBad);
  one("refuse", "refused", rates.refuse, Style::kWarn);
  one("failed", "failed", rates.failed, Style::kPlain);
  return line;
}

Words state_of_webhook(const Json& webhook) {
  if (is_true(webhook, "disabled")) return {"disabled: it answered 410", Style::kBad};
  if (is_true(webhook, "suspended")) return {"suspended", Style::kBad};
  if (number_of(webhook, "lag_seconds").value_or(0) > kBehindSeconds) return {"behind", Style::kWarn};
  if (!text_of(webhook, "last_error").empty()) return {"trying again", Style::kWarn};
  return {"delivering", Style::kGood};
}

StyledLine audit_line(const Json& audit) {
  StyledLine line;
  line.cell("AUDIT", kName, Style::kFaint).add(" ");
  if (field(audit, "usable") == false) {
    line.add("not usable: " + text_of(audit, "trouble"), Style::kBad);
  } else {
    line.add("usable", Style::kGood).add(", last event " + count_text(number_of(audit, "last_sequence")));
  }
  if (list_of(audit, "webhooks").empty()) line.add(", no webhook is configured");
  return line;
}

StyledLine webhook_line(const Json& webhook) {
  const Words state = state_of_webhook(webhook);
  StyledLine line;
  line.add("  ").cell(text_of(webhook, "name"), kName - 2).add(" ");
  line.number(count_text(number_of(webhook, "backlog")), 9).add(" waiting");
  line.number(seconds_text(number_of(webhook, "lag_seconds")), 8).add(" behind  ");
  line.add(state.text, state.style);
  if (const std::string error = text_of(webhook, "last_error"); !error.empty()) line.add("  " + error);
  return line;
}

StyledLine denial_line(const Json& denial) {
  const std::string type = text_of(denial, "type"), client = text_of(denial, "client");
  const Style style = type == "denied" ? Style::kBad : type == "refused" ? Style::kWarn : Style::kPlain;
  StyledLine line;
  line.cell(clock_of(text_of(denial, "time")), 9);
  line.cell(type + " " + count_text(number_of(denial, "status")), 12, style);
  line.cell(client.empty() ? "not known" : client, kClient).add(" ");
  line.add(text_of(denial, "method") + " " + text_of(denial, "path"));
  if (const std::string reason = text_of(denial, "reason"); !reason.empty())
    line.add("  " + reason, Style::kFaint);
  return line;
}

// The screen grows by these; what there is no room for is left out.
class Screen {
 public:
  explicit Screen(const TopView& view) : view_(view) {}
  void add(const StyledLine& line) {
    if (room() > 0) lines_.push_back(line.to_text(view_.columns, view_.colors));
  }
  void blank() { add(StyledLine()); }
  size_t room() const {
    return view_.lines == 0 ? 1'000 : view_.lines - std::min(view_.lines, lines_.size());
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  const TopView& view_;
  std::vector<std::string> lines_;
};

void add_head(Screen& screen, const Json& status, const TopView& view) {
  std::string why;
  const Words state = overall(status, view, why);
  const std::string time = clock_of(text_of(status, "time"));
  StyledLine first, second;
  first.add("sluice ", Style::kStrong).add(text_of(status, "instance"));
  first.at_the_end(
      "up " + seconds_text(number_of(status, "uptime_seconds")) + (time == "-" ? "" : ", " + time + " UTC"),
      view.columns, Style::kFaint);
  second.add(state.text, state.style).add(why.empty() ? "" : "  " + why);
  screen.add(first);
  screen.add(second);
  screen.blank();
}

void add_apis(Screen& screen, const Json& status, size_t clients) {
  StyledLine head;
  head.cell("API, ITS CLIENTS", kName + 1 + kBar, Style::kFaint).number("IN USE", 7, Style::kFaint);
  head.number("SENT", 14, Style::kFaint)
      .number("WAIT NOW", 9, Style::kFaint)
      .number("WAITING", 8, Style::kFaint);
  screen.add(head);
  size_t shown = 0;
  for (const Json& api : list_of(status, "apis")) {
    if (++shown > kMostApis) break;
    screen.add(api_line(api));
    size_t rows = 0;
    for (const Json& client : list_of(api, "clients")) {
      if (++rows > clients) break;
      screen.add(client_line(client, api));
    }
  }
  screen.blank();
}

void add_audit(Screen& screen, const Json& status) {
  const Json& audit = field(status, "audit");
  screen.add(audit_line(audit));
  size_t shown = 0;
  for (const Json& webhook : list_of(audit, "webhooks"))
    if (++shown <= kMostWebhooks) screen.add(webhook_line(webhook));
  screen.blank();
}

// The newest `most` of them, half of which are policy's denials if there are as many: a flood of refusals is
// not to hide them.
std::vector<bool> choose(const Json& denials, size_t most) {
  std::vector<bool> chosen(denials.size());
  size_t count = 0;
  const auto choose_up_to = [&](size_t bound, bool only_denied) {
    for (size_t i = 0; i < chosen.size() && count < bound; ++i) {
      if (chosen[i] || (only_denied && text_of(denials[i], "type") != "denied")) continue;
      chosen[i] = true;
      ++count;
    }
  };
  choose_up_to(most / 2, true);
  choose_up_to(most, false);
  return chosen;
}

void add_denials(Screen& screen, const Json& status) {
  const Json& denials = list_of(status, "latest_denials");
  StyledLine head;
  screen.add(head.add(
      denials.empty() ? "NOTHING WAS DENIED, REFUSED OR HAS FAILED" : "LATEST DENIED, REFUSED, FAILED",
      Style::kFaint));
  const std::vector<bool> shown = choose(denials, std::min(kMostDenials, screen.room()));
  for (size_t i = 0; i < shown.size(); ++i)
    if (shown[i]) screen.add(denial_line(denials[i]));
}

// Clients get a third of what the rest leaves.
size_t clients_of_each(const Json& status, const TopView& view) {
  if (view.lines == 0) return kMostClients;
  const size_t apis = std::min(list_of(status, "apis").size(), kMostApis);
  const size_t webhooks = std::min(list_of(field(status, "audit"), "webhooks").size(), kMostWebhooks);
  const size_t others = 10 + apis + webhooks;
  if (apis == 0 || view.lines <= others) return 0;
  return std::min(kMostClients, (view.lines - others) / 2 / apis);
}

}  // namespace

bool is_ready(const Json& status) { return is_true(status, "ready"); }

std::optional<DecisionRates> rates_between(const Json& before, const Json& after) {
  const auto from = parse_rfc3339(text_of(before, "time")), to = parse_rfc3339(text_of(after, "time"));
  if (!from || !to || *to <= *from || text_of(before, "started") != text_of(after, "started"))
    return std::nullopt;
  const double span = std::chrono::duration<double>(*to - *from).count();
  const auto rate = [&](const char* name) {
    const double less = number_of(field(before, "requests"), name).value_or(0);
    return std::max(0.0, number_of(field(after, "requests"), name).value_or(0) - less) / span;
  };
  return DecisionRates{rate("allow"), rate("deny"), rate("refuse"), rate("failed")};
}

std::vector<std::string> render_top(const Json& status, const TopView& view) {
  Screen screen(view);
  add_head(screen, status, view);
  if (!status.is_null()) {
    add_apis(screen, status, clients_of_each(status, view));
    screen.add(requests_line(status, view));
    add_audit(screen, status);
    add_denials(screen, status);
  }
  return screen.take();
}

}  // namespace sluice
