// Admin: what operators see of a running gate, on a port of its own (interface 5); README.md has the pages. A
// Host other than an IP address, localhost or one of admin.hosts is 403 (DNS rebinding), and so is a POST, or
// an event stream, that a page of another origin asks for; other methods are 405. Owner: main. Thread: its
// loop's; the callbacks are called there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.h"
#include "config/model.h"
#include "config/result.h"
#include "proxy/admin/event_streams.h"
#include "proxy/admin/history.h"
#include "proxy/admin/latest_denials.h"
#include "proxy/admin/metrics.h"
#include "proxy/http/http_server.h"
#include "proxy/net/event_loop.h"

namespace sluice {

struct PartState {
  std::string name;    // policy, credentials, audit, webhook:NAME, draining
  bool ready = true;   // false: /readyz is 503
  std::string detail;  // "ok", or what is wrong
};

struct ReloadOutcome {
  bool taken_up = false;
  Findings findings;          // of the files
  std::string policy_sha256;  // in force
};

// How /status is wanted.
struct StatusForm {
  bool one_line = false;
  bool latest_denials = true;
  size_t streams = 0;  // open event streams
};

struct AdminSources {
  std::function<std::vector<PartState>()> parts;
  std::function<std::string(const StatusForm&)> status_json;  // a whole JSON document
  Metrics* metrics = nullptr;
  const LatestDenials* denials = nullptr;
  const History* history = nullptr;
  // `done` is called once, on the admin's thread.
  std::function<void(std::function<void(const ReloadOutcome&)> done)> reload{};
  std::function<std::vector<std::string>()> hosts{};  // instead of those that it was started with
};

class Admin {
 public:
  virtual ~Admin() = default;
  virtual uint16_t port() const = 0;
};

Result<std::unique_ptr<Admin>> start_admin(EventLoop& loop, const AdminConfig& config, AdminSources sources);

// What answers are made of.
struct AdminParts {
  const AdminConfig& config;
  const AdminSources& sources;
  EventStreams& streams;
  std::function<Millis()> now;  // of the loop
};

// The whole of it but for the socket and the time.
void answer_admin(const HttpRequest& request, const AdminParts& parts, const HttpAnswer& answer);

// Whether a Host header (RFC 9112 3.2: uri-host with an optional port) may be one of a request to the admin
// port.
bool admin_host_allowed(std::string_view host, const std::vector<std::string>& hosts);

}  // namespace sluice
