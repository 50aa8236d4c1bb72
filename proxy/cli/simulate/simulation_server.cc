#include "proxy/cli/simulate/simulation_server.h"

#include <uv.h>

#include <csignal>
#include <cstdio>
#include <list>

#include "config/address.h"
#include "proxy/log.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/tls_context.h"

namespace sluice {
namespace {

// An answer that waits for the latency to pass. Frees itself through its list.
class DelayedAnswer final : private DeadlineObserver {
 public:
  using Queue = std::list<std::unique_ptr<DelayedAnswer>>;

  DelayedAnswer(Queue& queue, HttpAnswer answer, HttpResponse response)
      : queue_(queue), answer_(std::move(answer)), response_(std::move(response)), deadline_(*this) {}

  void start(Queue::iterator place, Deadlines& wheel, Millis latency) {
    place_ = place;
    deadline_.set(wheel, latency);
  }

 private:
  void on_deadline() override {
    const std::unique_ptr<DelayedAnswer> self = std::move(*place_);
    queue_.erase(place_);
    answer_(std::move(response_));
  }

  Queue& queue_;
  Queue::iterator place_;
  HttpAnswer answer_;
  HttpResponse response_;
  Deadline deadline_;
};

// Ends the loop at the first SIGTERM or SIGINT. The server goes first: its connections are handles of the
// loop.
class Simulation {
 public:
  Simulation(Simulator& simulator, const SimulationSettings& settings)
      : simulator_(simulator), settings_(settings) {}

  Result<void> run() {
    if (!settings_.tls_certificate.empty()) {
      auto tls = TlsContext::for_listener({settings_.tls_certificate, settings_.tls_private_key, ""});
      if (!tls) return tls.error();
      tls_ = std::move(*tls);
    }
    auto server = serve_http(
        loop_, settings_.address, tls_.get(),
        [this](const HttpRequest& request, HttpAnswer answer) { take(request, std::move(answer)); });
    if (!server) return server.error();
    server_ = std::move(*server);
    watch(terminate_, SIGTERM);
    watch(interrupt_, SIGINT);
    announce();
    loop_.run();
    return {};
  }

 private:
  void take(const HttpRequest& request, HttpAnswer answer) {
    const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
    const Arrival arrival{Nanos(std::chrono::steady_clock::now().time_since_epoch()),
                          std::chrono::duration_cast<std::chrono::seconds>(unix_time).count()};
    HttpResponse response = simulator_.answer(request, arrival);
    if (settings_.print && request.path != kStatsPath) {
      print_line(request.method + " " + request.path + " " + std::to_string(response.status));
    }
    if (settings_.latency.count() == 0 || request.path == kStatsPath) {
      answer(std::move(response));
      return;
    }
    waiting_.push_back(std::make_unique<DelayedAnswer>(waiting_, std::move(answer), std::move(response)));
    waiting_.back()->start(std::prev(waiting_.end()), loop_.deadlines(), settings_.latency);
  }

  void watch(uv_signal_t& handle, int number) {
    uv_signal_init(loop_.uv(), &handle);
    handle.data = this;
    uv_signal_start(
        &handle, [](uv_signal_t* which, int) { static_cast<Simulation*>(which->data)->end(); }, number);
  }

  void end() {
    if (server_ == nullptr) return;
    waiting_.clear();
    server_.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&terminate_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&interrupt_), nullptr);
    loop_.stop();
  }

  void announce() const {
    Address address = settings_.address;
    if (address.unix_path.empty()) address.port = server_->port();
    const std::string text = to_text(address);
    if (settings_.seeded.empty()) {
      log_info("listening", {{"role", "simulator"}, {"api", settings_.api}, {"address", text}});
    } else {
      log_info(
          "listening",
          {{"role", "simulator"}, {"api", settings_.api}, {"address", text}, {"seeded", settings_.seeded}});
    }
  }

  Simulator& simulator_;
  const SimulationSettings& settings_;
  EventLoop loop_;
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<HttpServer> server_;
  DelayedAnswer::Queue waiting_;
  uv_signal_t terminate_{};
  uv_signal_t interrupt_{};
};

}  // namespace

Result<void> run_simulation(Simulator& simulator, const SimulationSettings& settings) {
  return Simulation(simulator, settings).run();
}

void print_line(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

}  // namespace sluice
