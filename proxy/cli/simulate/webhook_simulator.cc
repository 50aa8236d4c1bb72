// The receiver of webhooks: verifies each delivery, prints a line for each event, notices what it has seen
// before.
#include <deque>
#include <map>
#include <unordered_set>

#include "proxy/cli/simulate/delivery_check.h"
#include "proxy/cli/simulate/event_lines.h"
#include "proxy/cli/simulate/simulator.h"

namespace sluice {
namespace {

// The last ids that were taken.
class SeenIds {
 public:
  // False when the id was there already. An empty id is never remembered.
  bool add(const std::string& id) {
    if (id.empty()) return true;
    if (!known_.insert(id).second) return false;
    order_.push_back(id);
    if (order_.size() > kMost) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  static constexpr size_t kMost = 100'000;
  std::unordered_set<std::string> known_;
  std::deque<std::string> order_;
};

class WebhookSimulator : public Simulator {
 public:
  WebhookSimulator(DeliveryCheck check, WebhookOptions options)
      : check_(std::move(check)), options_(std::move(options)) {}

  HttpResponse answer(const HttpRequest& request, Arrival at) override {
    if (request.path == kStatsPath && request.method == "GET") return answer_json(200, stats());
    ++requests_;
    HttpResponse response = take(request, at);
    ++statuses_[response.status];
    return response;
  }

 private:
  HttpResponse take(const HttpRequest& request, Arrival at) {
    if (request.method != "POST") return answer_message(405, "deliveries are POST");
    if (failed_ < options_.fail_first) {
      ++failed_;
      return answer_message(503, "failing on purpose");
    }
    const std::string why = check_.has_secrets() ? check_.refuse(request, at.unix_seconds) : "";
    if (!why.empty()) {
      ++unverified_;
      print_refusal(why);
      return answer_message(401, why);
    }
    ++verified_;
    const std::vector<Json> events = split_events(request.body);
    const bool duplicate = !seen_.add(delivery_id(request, events));
    if (duplicate) ++duplicates_;
    events_ += events.size();
    for (const Json& event : events) print_event(event, duplicate);
    return answer_json(200, {{"received", events.size()}});
  }

  // Push style deliveries carry their id in the body.
  static std::string delivery_id(const HttpRequest& request, const std::vector<Json>& events) {
    const std::string_view id = request.header("webhook-id");
    if (!id.empty() || events.empty() || !events.front().is_object()) return std::string(id);
    return text_member(events.front(), "id");
  }

  void print_event(const Json& event, bool duplicate) {
    if (options_.json) {
      Json line{{"verified", check_.has_secrets() ? Json(true) : Json()}};
      if (duplicate) line["duplicate"] = true;
      line["event"] = event;
      options_.print(line.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace));
      return;
    }
    const std::string_view state = check_.has_secrets() ? "verified " : "unchecked ";
    options_.print(std::string(state) + describe_event(event) + (duplicate ? " duplicate" : ""));
  }

  void print_refusal(const std::string& why) {
    options_.print(options_.json ? Json{{"verified", false}, {"why", why}}.dump() : "unverified: " + why);
  }

  Json stats() const {
    Json statuses = Json::object();
    for (const auto& [status, count] : statuses_) statuses[std::to_string(status)] = count;
    return {{"requests", requests_},     {"verified", verified_}, {"unverified", unverified_},
            {"duplicates", duplicates_}, {"events", events_},     {"failed_on_purpose", failed_},
            {"statuses", statuses}};
  }

  DeliveryCheck check_;
  WebhookOptions options_;
  SeenIds seen_;
  uint64_t requests_ = 0;
  uint64_t verified_ = 0;  // deliveries that were taken, also when there is no secret to check by
  uint64_t unverified_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t events_ = 0;
  uint64_t failed_ = 0;
  std::map<int, uint64_t> statuses_;
};

}  // namespace

Result<std::unique_ptr<Simulator>> make_webhook_simulator(WebhookOptions options) {
  Result<DeliveryCheck> check = DeliveryCheck::make(options.secrets);
  if (!check) return check.error();
  return std::unique_ptr<Simulator>(
      std::make_unique<WebhookSimulator>(std::move(*check), std::move(options)));
}

}  // namespace sluice
