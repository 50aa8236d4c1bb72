#include "proxy/admin/event_streams.h"

#include <algorithm>

namespace sluice {
namespace {

std::string event_of(const Denial& denial) {
  return "event: denial\nid: " + std::to_string(denial.id) + "\ndata: " + denial.json + "\n\n";
}

}  // namespace

// False: it has too much to take already.
bool EventStreams::take(Stream& stream, const std::string& event) {
  if (stream.unsent > 0 && stream.unsent + event.size() > kMostUnsent) return false;
  stream.body->write(event);
  stream.unsent = stream.body->unsent();
  return true;
}

void EventStreams::render_status(Millis now) {
  status_ = "event: status\ndata: " + status_json_() + "\n\n";
  status_at_ = now;
}

void EventStreams::send_denials(Stream& stream, const std::vector<Denial>& denials) {
  for (const Denial& denial : denials) {
    if (denial.id <= stream.last_id) continue;
    if (!take(stream, event_of(denial))) return;
    stream.last_id = denial.id;
  }
}

void EventStreams::open(std::unique_ptr<HttpBody> body, uint64_t last_id, Millis now) {
  if (last_id > denials_.newest()) last_id = 0;  // of another run, whose clock was ahead
  streams_.push_back({std::move(body), last_id, now});
  if (status_.empty() || now - status_at_ >= kStatusEach) render_status(now);
  Stream& stream = streams_.back();
  take(stream, "retry: 2000\n\n");
  take(stream, status_);
  send_denials(stream, denials_.after(last_id));
}

void EventStreams::note_progress(Stream& stream, Millis now) {
  const size_t unsent = stream.body->unsent();
  if (unsent == 0 || unsent < stream.unsent) stream.progress = now;
  stream.unsent = unsent;
}

void EventStreams::turn(Millis now) {
  for (Stream& stream : streams_) note_progress(stream, now);
  std::erase_if(streams_, [now](const Stream& stream) {
    return stream.body->has_left() || now - stream.progress >= kPatience;
  });
  if (streams_.empty()) return;
  const auto oldest =
      std::min_element(streams_.begin(), streams_.end(),
                       [](const Stream& a, const Stream& b) { return a.last_id < b.last_id; });
  const std::vector<Denial> denials = denials_.after(oldest->last_id);
  const bool status_due = now - status_at_ >= kStatusEach;
  if (status_due) render_status(now);
  for (Stream& stream : streams_) {
    if (!denials.empty()) send_denials(stream, denials);
    if (status_due) take(stream, status_);
  }
}

}  // namespace sluice
