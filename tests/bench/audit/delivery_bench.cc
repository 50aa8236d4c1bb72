// Events from the spool to a receiver on loopback, which refuses until all of them wait.
#include <cstdio>
#include <string_view>
#include <thread>

#include "bench_log.h"
#include "proxy/crypto.h"
#include "proxy/http/http_server.h"
#include "proxy/net/event_loop.h"

namespace sluice::bench {
namespace {

class Receiver {
 public:
  Receiver() {
    auto server = serve_http(loop_, Address{"127.0.0.1", 0, "", {}}, nullptr,
                             [this](const HttpRequest& request, const HttpAnswer& answer) {
                               answer({take(request.body) ? 204 : 503, {}, ""});
                             });
    if (!server) fail(server.error().message);
    server_ = std::move(*server);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Receiver() {
    loop_.post([this] {
      server_.reset();
      loop_.stop();
    });
    thread_.join();
  }
  UpstreamUrl url() const {
    const uint16_t port = server_->port();
    return {false, "127.0.0.1", port, "/", "127.0.0.1:" + std::to_string(port)};
  }
  // From now on it takes them. The seconds from the first of these events to the last.
  double take_all(uint64_t events) {
    std::unique_lock lock(mutex_);
    wanted_ = events;
    taken_ = 0;
    changed_.wait(lock, [this] { return taken_ >= wanted_; });
    return std::chrono::duration<double>(last_ - first_).count();
  }

 private:
  bool take(std::string_view body) {
    const std::lock_guard lock(mutex_);
    if (wanted_ == 0) return false;
    if (taken_ >= wanted_) return true;
    if (taken_ == 0) first_ = Clock::now();
    constexpr std::string_view kStart = R"({"specversion":)";
    for (size_t at = body.find(kStart); at != std::string_view::npos; at = body.find(kStart, at + 1))
      ++taken_;
    last_ = Clock::now();
    if (taken_ >= wanted_) changed_.notify_all();
    return true;
  }

  EventLoop loop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t wanted_ = 0, taken_ = 0;
  Clock::time_point first_, last_;
};

ResolvedWebhook webhook_to(const Receiver& receiver, const std::string& format) {
  ResolvedWebhook webhook;
  webhook.config.name = "siem";
  webhook.config.url = receiver.url();
  webhook.config.format =
      format == "cloudevents-batch" ? WebhookFormat::kCloudEventsBatch : WebhookFormat::kCloudEvents;
  webhook.secrets.emplace_back("whsec_" + base64_encode(std::string(32, 's')));
  return webhook;
}

}  // namespace

// DURABILITY cloudevents|cloudevents-batch EVENTS FOLDER
int run_delivery(const std::vector<std::string>& arguments) {
  const uint64_t events = std::stoull(arguments.at(2));
  Receiver receiver;
  AuditOptions options;
  options.retry_delays = {Millis(50)};
  const auto log =
      open_log(spool_in(arguments.at(3), arguments.at(0)), {webhook_to(receiver, arguments.at(1))}, options);
  Turnstile turnstile(8);
  submit(*log, events, 500, turnstile);
  turnstile.wait_for_all();
  const double webhooks = thread_us("sluice-webhooks");
  const double audit = thread_us("sluice-audit");
  const double seconds = receiver.take_all(events);
  const auto count = static_cast<double>(events);
  std::printf(R"({"per_second": %.0f, "webhooks_us": %.2f, "audit_us": %.2f})"
              "\n",
              count / seconds, (thread_us("sluice-webhooks") - webhooks) / count,
              (thread_us("sluice-audit") - audit) / count);
  log->stop(Millis(0));
  return 0;
}

}  // namespace sluice::bench
