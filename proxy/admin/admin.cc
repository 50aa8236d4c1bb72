#include "proxy/admin/admin.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "config/rfc3339.h"
#include "policy/review/findings_json.h"
#include "proxy/admin/admin_answers.h"
#include "proxy/admin/dashboard_files.h"
#include "proxy/audit/event.h"

namespace sluice {
namespace {

using nlohmann::ordered_json;

std::string to_text(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

HttpResponse answer_json(int status, std::string text) {
  return make_admin_response(status, "application/json", std::move(text));
}

HttpResponse answer_health(const HttpRequest&, const AdminParts&) {
  return make_admin_response(200, "text/plain; charset=utf-8", "ok\n");
}

HttpResponse answer_readiness(const HttpRequest&, const AdminParts& admin) {
  bool ready = true;
  ordered_json parts = ordered_json::array();
  for (const PartState& part : admin.sources.parts()) {
    ready = ready && part.ready;
    parts.push_back({{"name", part.name}, {"ready", part.ready}, {"detail", part.detail}});
  }
  return answer_json(ready ? 200 : 503, to_text({{"ready", ready}, {"parts", parts}}));
}

HttpResponse answer_metrics(const HttpRequest&, const AdminParts& admin) {
  return make_admin_response(200, "text/plain; version=0.0.4; charset=utf-8",
                             admin.sources.metrics->render());
}

HttpResponse answer_status(const HttpRequest&, const AdminParts& admin) {
  return answer_json(200, admin.sources.status_json({false, true, admin.streams.size()}));
}

// A query's value (WHATWG URL, application/x-www-form-urlencoded): of a time, ":" and "+" may be encoded.
std::string decode_value(std::string_view text) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned octet = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && text.size() - i > 2 &&
        std::from_chars(digits, digits + 2, octet, 16).ptr == digits + 2) {
      value += static_cast<char>(octet);
      i += 2;
    } else {
      value += text[i];
    }
  }
  return value;
}

HttpResponse answer_history(const HttpRequest& request, const AdminParts& admin) {
  constexpr std::string_view kSince = "since=";
  if (request.query.empty()) return answer_json(200, admin.sources.history->to_json({}));
  const std::string_view query = request.query;
  const auto since =
      query.starts_with(kSince) ? parse_rfc3339(decode_value(query.substr(kSince.size()))) : std::nullopt;
  if (!since)
    return make_admin_problem(400, "Bad Request",
                              "the query may be since=TIME, such as since=2026-01-31T12:00:00Z");
  return answer_json(200, admin.sources.history->to_json(unix_ms(*since)));
}

// Browsers name the page that sends a POST, or asks another origin (Fetch standard, Origin); tools do not.
bool is_from_elsewhere(const HttpRequest& request) {
  const std::string_view origin = request.header("origin");
  return !origin.empty() && origin != "http://" + std::string(request.header("host"));
}

// 0: none.
uint64_t read_id(std::string_view text) {
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size() ? id : 0;
}

HttpResponse answer_events(const HttpRequest& request, const AdminParts& admin) {
  if (is_from_elsewhere(request))
    return make_admin_problem(403, "Forbidden", "a page of another origin cannot listen to events");
  if (!admin.streams.has_room()) {
    HttpResponse full =
        make_admin_problem(503, "Service Unavailable", "as many event streams are open as there may be");
    full.headers.emplace_back("Retry-After", "10");
    return full;
  }
  HttpResponse response = make_admin_response(200, "text/event-stream; charset=utf-8", "");
  response.goes_on = [&streams = admin.streams, now = admin.now,
                      last_id = read_id(request.header("last-event-id"))](std::unique_ptr<HttpBody> body) {
    streams.open(std::move(body), last_id, now());
  };
  return response;
}

struct Page {
  std::string_view path;
  HttpResponse (*answer)(const HttpRequest&, const AdminParts&);
};

constexpr Page kPages[] = {
    {"/healthz", answer_health}, {"/readyz", answer_readiness}, {"/metrics", answer_metrics},
    {"/status", answer_status},  {"/history", answer_history},  {"/events", answer_events},
};

HttpResponse refuse_method(const char* allowed, const char* detail) {
  HttpResponse response = make_admin_problem(405, "Method Not Allowed", detail);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

void answer_reload(const HttpRequest& request, const AdminSources& sources, const HttpAnswer& answer) {
  if (request.method != "POST") return answer(refuse_method("POST", "a reload is asked for by POST"));
  if (is_from_elsewhere(request))
    return answer(make_admin_problem(403, "Forbidden", "a page of another origin cannot ask for a reload"));
  sources.reload([answer](const ReloadOutcome& outcome) {
    ordered_json json;
    if (outcome.taken_up) json["policy_sha256"] = outcome.policy_sha256;
    json["findings"] = findings_json(outcome.findings);
    answer(answer_json(outcome.taken_up ? 200 : 422, to_text(json)));
  });
}

class HttpAdmin final : public Admin {
 public:
  HttpAdmin(EventLoop& loop, AdminConfig config, AdminSources sources)
      : loop_(loop), config_(std::move(config)), sources_(std::move(sources)) {}

  Result<void> listen() {
    auto server = serve_http(loop_, config_.address, nullptr,
                             [this](const HttpRequest& request, const HttpAnswer& answer) {
                               answer_admin(request, parts_, answer);
                               if (streams_.size() > 0 && !timer_.is_set()) start_timer();
                             });
    if (!server) return server.error();
    server_ = std::move(*server);
    return {};
  }

  uint16_t port() const override { return server_->port(); }

 private:
  void start_timer() { timer_.set(loop_.deadlines(), EventStreams::kTurn); }
  void turn() {
    streams_.turn(loop_.now());
    if (streams_.size() > 0) start_timer();
  }
  std::string status_line() const { return sources_.status_json({true, false, streams_.size()}); }

  EventLoop& loop_;
  AdminConfig config_;
  AdminSources sources_;
  std::unique_ptr<HttpServer> server_;  // outlives the streams
  EventStreams streams_{[this] { return status_line(); }, *sources_.denials};
  AdminParts parts_{config_, sources_, streams_, [this] { return loop_.now(); }};
  MemberDeadline<HttpAdmin> timer_{*this, &HttpAdmin::turn};
};

}  // namespace

void answer_admin(const HttpRequest& request, const AdminParts& parts, const HttpAnswer& answer) {
  std::vector<std::string> hosts = parts.config.hosts;
  if (parts.sources.hosts) hosts = parts.sources.hosts();
  if (!admin_host_allowed(request.header("host"), hosts)) {
    return answer(make_admin_problem(403, "Forbidden",
                                     "the Host is not an IP address, localhost or one of admin.hosts"));
  }
  if (request.path == "/reload") return answer_reload(request, parts.sources, answer);
  const auto* page = std::find_if(std::begin(kPages), std::end(kPages),
                                  [&request](const Page& p) { return p.path == request.path; });
  const bool is_page = page != std::end(kPages);
  if (!is_page && !is_dashboard_path(request.path)) {
    return answer(make_admin_problem(
        404, "Not Found",
        "the pages are /, /healthz, /readyz, /metrics, /status, /history, /events and /reload"));
  }
  if (request.method != "GET" && request.method != "HEAD")
    return answer(refuse_method("GET, HEAD", "the methods are GET and HEAD"));
  answer(is_page ? page->answer(request, parts) : *answer_dashboard(request));
}

Result<std::unique_ptr<Admin>> start_admin(EventLoop& loop, const AdminConfig& config, AdminSources sources) {
  auto admin = std::make_unique<HttpAdmin>(loop, config, std::move(sources));
  if (const Result<void> listening = admin->listen(); !listening) return listening.error();
  return std::unique_ptr<Admin>(std::move(admin));
}

}  // namespace sluice
