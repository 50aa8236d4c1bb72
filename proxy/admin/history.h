// History: the last day of the gate, one sample each ten seconds, in memory: 16 octets for each API, 16 for
// the requests, 8 for each webhook; so 138 KiB a day for an API. Grows as it fills. What is not configured
// any more goes with its last sample. Owner: the gate. Thread: the admin loop's. No clock of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/units.h"
#include "proxy/admin/outcomes.h"

namespace sluice {

// What is sampled; counts are since the start.
struct HistoryFigures {
  struct Api {
    std::string name;
    double sent_per_second = 0;
    double in_use = 0;
    uint64_t waiting = 0;
    std::optional<Nanos> wait;  // absent: nothing is sent
    uint64_t rejections = 0;
  };
  struct Webhook {
    std::string name;
    uint64_t backlog = 0;
    double lag_seconds = 0;
  };
  std::vector<Api> apis;
  std::vector<Webhook> webhooks;
  OutcomeCounts requests;
};

// Rates, shares and times are in thousandths. kNull: there is none; in the first member: no sample.
struct HistorySamples {
  static constexpr uint32_t kNull = UINT32_MAX;
  struct Api {
    uint32_t sent = kNull;
    uint32_t waiting = 0;
    uint32_t wait = kNull;
    uint16_t in_use = 0;
    uint16_t rejections = 0;
  };
  struct Requests {
    uint32_t allow = kNull, deny = kNull, refuse = kNull, failed = kNull;
  };
  struct Webhook {
    uint32_t backlog = kNull;
    uint32_t lag = kNull;
  };
};

class History {
 public:
  static constexpr Millis kInterval{10'000};
  static constexpr size_t kMost = kDay / kInterval;
  // Beside those that are configured, when reloads bring ever new names: those that went first are forgotten.
  static constexpr size_t kMostGone = 64;

  // Samples are of whole multiples of kInterval in Unix time: when the next is due.
  static Millis until_next(int64_t unix_ms);
  // The sample of the interval that ends at `unix_ms`, about. Those that were missed are null. A clock that
  // was set back takes what there is with it.
  void add(int64_t unix_ms, const HistoryFigures& figures);
  // As JSON, only what is later than `since_ms`, if that is given.
  std::string to_json(std::optional<int64_t> since_ms) const;
  size_t size() const { return requests_.size(); }
  size_t series() const { return apis_.size() + webhooks_.size(); }

 private:
  // Its last sample is of the same interval as every other's last.
  template <class Sample>
  struct Series {
    std::deque<Sample> samples;
    size_t gone = 0;  // of the last samples, those that are null
  };
  template <class Sample>
  using ByName = std::map<std::string, Series<Sample>>;

  void make_room(int64_t slot);
  template <class Sample>
  static void append_nulls(ByName<Sample>& all, size_t count);
  template <class Sample>
  static Sample& find(ByName<Sample>& all, const std::string& name);
  template <class Sample>
  static void forget_gone(ByName<Sample>& all, size_t configured);
  void add_api(const HistoryFigures::Api& api);
  void add_requests(const OutcomeCounts& now);

  int64_t slot_ = 0;  // of the last sample: Unix time in intervals
  std::deque<HistorySamples::Requests> requests_;
  ByName<HistorySamples::Api> apis_;
  ByName<HistorySamples::Webhook> webhooks_;
  OutcomeCounts counts_;                        // as of the last sample
  std::map<std::string, uint64_t> rejections_;  // the same, of the APIs in it
};

}  // namespace sluice
