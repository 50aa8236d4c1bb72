// EventStreams: the open answers to GET /events (server-sent events, HTML standard 9.2): the status at once
// and each second, rendered once for all, and each new denial. Nothing is rendered while nobody listens. A
// reader that takes nothing keeps at most kMostUnsent, is sent no further status meanwhile, and is cut after
// kPatience. Owner: the admin port. Thread: its loop's; whoever owns it calls turn().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/units.h"
#include "proxy/admin/latest_denials.h"
#include "proxy/http/http_server.h"

namespace sluice {

class EventStreams {
 public:
  static constexpr size_t kMost = 64;
  static constexpr size_t kMostUnsent = 256 << 10;
  static constexpr Millis kPatience{30'000};
  static constexpr Millis kTurn{100};  // how often to call turn() while there are any
  static constexpr Millis kStatusEach{1'000};

  // `status` returns one line of JSON.
  EventStreams(std::function<std::string()> status, const LatestDenials& denials)
      : status_json_(std::move(status)), denials_(denials) {}

  bool has_room() const { return streams_.size() < kMost; }
  size_t size() const { return streams_.size(); }
  // `last_id`: of the last denial that the reader knows; 0: none. Requires: there is room.
  void open(std::unique_ptr<HttpBody> body, uint64_t last_id, Millis now);
  void turn(Millis now);
  // Ends all.
  void close() { streams_.clear(); }

 private:
  struct Stream {
    std::unique_ptr<HttpBody> body;
    uint64_t last_id;  // of the last denial that was written
    Millis progress;   // when it had last taken something
    size_t unsent = 0;
  };

  static bool take(Stream& stream, const std::string& event);
  void note_progress(Stream& stream, Millis now);
  void render_status(Millis now);
  void send_denials(Stream& stream, const std::vector<Denial>& denials);

  std::function<std::string()> status_json_;
  const LatestDenials& denials_;
  std::vector<Stream> streams_;
  std::string status_;  // the last event
  Millis status_at_{0};
};

}  // namespace sluice
