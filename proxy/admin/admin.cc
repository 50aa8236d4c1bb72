#include "proxy/admin/admin.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/ascii.h"
#include "config/ip.h"
#include "policy/review/findings_json.h"

namespace sluice {
namespace {

using nlohmann::ordered_json;

std::string to_text(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// Nothing here is for caches or for a browser's guesses.
HttpResponse make_response(int status, const char* content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {
      {"Content-Type", content_type}, {"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}};
  response.body = std::move(body);
  return response;
}

// RFC 9457; the status says it all, so there is no type of our own.
HttpResponse make_problem(int status, const char* title, const char* detail) {
  const ordered_json problem{
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  return make_response(status, "application/problem+json", to_text(problem));
}

HttpResponse answer_health(const AdminSources&) {
  return make_response(200, "text/plain; charset=utf-8", "ok\n");
}

HttpResponse answer_readiness(const AdminSources& sources) {
  bool ready = true;
  ordered_json parts = ordered_json::array();
  for (const PartState& part : sources.parts()) {
    ready = ready && part.ready;
    parts.push_back({{"name", part.name}, {"ready", part.ready}, {"detail", part.detail}});
  }
  return make_response(ready ? 200 : 503, "application/json", to_text({{"ready", ready}, {"parts", parts}}));
}

HttpResponse answer_metrics(const AdminSources& sources) {
  return make_response(200, "text/plain; version=0.0.4; charset=utf-8", sources.metrics->render());
}

HttpResponse answer_status(const AdminSources& sources) {
  return make_response(200, "application/json", sources.status_json());
}

struct Page {
  std::string_view path;
  HttpResponse (*answer)(const AdminSources&);
};

constexpr Page kPages[] = {
    {"/healthz", answer_health},
    {"/readyz", answer_readiness},
    {"/metrics", answer_metrics},
    {"/status", answer_status},
};

// Without the port and the brackets of an IPv6 literal, which only such a literal may have. nullopt when it
// is no host.
std::optional<std::string_view> host_without_port(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  const size_t end = bracketed ? host.find(']') : host.find(':');
  if (bracketed && end == std::string_view::npos) return std::nullopt;
  std::string_view rest = end == std::string_view::npos ? "" : host.substr(bracketed ? end + 1 : end);
  if (!rest.empty()) {
    if (rest.front() != ':') return std::nullopt;
    rest.remove_prefix(1);
    if (!std::all_of(rest.begin(), rest.end(), is_digit)) return std::nullopt;
  }
  if (!bracketed) return host.substr(0, end);
  const std::string_view literal = host.substr(1, end - 1);
  return literal.find(':') == std::string_view::npos ? std::nullopt : std::optional(literal);
}

// In lower case, and without the dot that ends a fully qualified name.
std::string canonical_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

HttpResponse refuse_method(const char* allowed, const char* detail) {
  HttpResponse response = make_problem(405, "Method Not Allowed", detail);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

// Browsers name the page that sends a POST (Fetch standard, Origin); tools do not.
bool is_from_elsewhere(const HttpRequest& request) {
  const std::string_view origin = request.header("origin");
  return !origin.empty() && origin != "http://" + std::string(request.header("host"));
}

void answer_reload(const HttpRequest& request, const AdminSources& sources, const HttpAnswer& answer) {
  if (request.method != "POST") return answer(refuse_method("POST", "a reload is asked for by POST"));
  if (is_from_elsewhere(request))
    return answer(make_problem(403, "Forbidden", "a page of another origin cannot ask for a reload"));
  sources.reload([answer](const ReloadOutcome& outcome) {
    ordered_json json;
    if (outcome.taken_up) json["policy_sha256"] = outcome.policy_sha256;
    json["findings"] = findings_json(outcome.findings);
    answer(make_response(outcome.taken_up ? 200 : 422, "application/json", to_text(json)));
  });
}

class HttpAdmin final : public Admin {
 public:
  HttpAdmin(AdminConfig config, AdminSources sources)
      : config_(std::move(config)), sources_(std::move(sources)) {}

  Result<void> listen(EventLoop& loop) {
    auto server = serve_http(loop, config_.address, nullptr,
                             [this](const HttpRequest& request, const HttpAnswer& answer) {
                               answer_admin(request, config_, sources_, answer);
                             });
    if (!server) return server.error();
    server_ = std::move(*server);
    return {};
  }

  uint16_t port() const override { return server_->port(); }

 private:
  AdminConfig config_;
  AdminSources sources_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace

bool admin_host_allowed(std::string_view host, const std::vector<std::string>& hosts) {
  const auto bare = host_without_port(host);
  if (!bare || bare->empty()) return false;
  if (parse_ip(*bare)) return true;
  const std::string name = canonical_name(*bare);
  return name == "localhost" || std::any_of(hosts.begin(), hosts.end(), [&name](const std::string& allowed) {
           return canonical_name(allowed) == name;
         });
}

void answer_admin(const HttpRequest& request, const AdminConfig& config, const AdminSources& sources,
                  const HttpAnswer& answer) {
  std::vector<std::string> hosts = config.hosts;
  if (sources.hosts) hosts = sources.hosts();
  if (!admin_host_allowed(request.header("host"), hosts)) {
    return answer(
        make_problem(403, "Forbidden", "the Host is not an IP address, localhost or one of admin.hosts"));
  }
  if (request.path == "/reload") return answer_reload(request, sources, answer);
  const auto* page = std::find_if(std::begin(kPages), std::end(kPages),
                                  [&request](const Page& p) { return p.path == request.path; });
  if (page == std::end(kPages)) {
    return answer(
        make_problem(404, "Not Found", "the pages are /healthz, /readyz, /metrics, /status and /reload"));
  }
  if (request.method != "GET" && request.method != "HEAD")
    return answer(refuse_method("GET, HEAD", "the methods are GET and HEAD"));
  answer(page->answer(sources));
}

Result<std::unique_ptr<Admin>> start_admin(EventLoop& loop, const AdminConfig& config, AdminSources sources) {
  auto admin = std::make_unique<HttpAdmin>(config, std::move(sources));
  if (const Result<void> listening = admin->listen(loop); !listening) return listening.error();
  return std::unique_ptr<Admin>(std::move(admin));
}

}  // namespace sluice
