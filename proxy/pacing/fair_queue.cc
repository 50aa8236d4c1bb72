#include "proxy/pacing/fair_queue.h"

#include <algorithm>
#include <tuple>

namespace sluice {

FairQueue::FairQueue(const std::vector<double>& weights) : flows_(weights.size()) {
  for (size_t i = 0; i < weights.size(); ++i) flows_[i].weight = weights[i];
  ready_.reserve(weights.size());
}

void FairQueue::set_weights(const std::vector<double>& weights) {
  flows_.resize(weights.size());
  waiting_weight_ = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    flows_[i].weight = weights[i];
    if (flows_[i].size > 0) waiting_weight_ += weights[i];
  }
}

void FairQueue::push(PacedRequest& request) {
  flows_[request.client_].requests.push_back(request);
  enter(request);
  if (request.ready_) set_ready(request);
}

void FairQueue::push_first(PacedRequest& request) {
  Flow& flow = flows_[request.client_];
  flow.requests.push_front(request);
  enter(request);
  fall_out(request.client_);
  flow.finish -= 1 / flow.weight;
  begin(flow, flow.finish);
  ++flow.ready;
  line_up(request.client_);
}

void FairQueue::enter(PacedRequest& request) {
  Flow& flow = flows_[request.client_];
  if (flow.size++ == 0) waiting_weight_ += flow.weight;
  ++size_;
  flow.bytes += request.bytes_;
  bytes_ += request.bytes_;
  promises_.add(request);
}

void FairQueue::set_ready(PacedRequest& request) {
  request.ready_ = true;
  Flow& flow = flows_[request.client_];
  if (flow.ready++ > 0) return;
  begin(flow, virtual_time_);
  line_up(request.client_);
}

void FairQueue::begin(Flow& flow, double earliest) {
  flow.start = std::max(earliest, flow.finish);
  flow.since = ++begun_;
}

PacedRequest* FairQueue::next() const {
  if (ready_.empty()) return nullptr;
  PacedRequest* request = flows_[ready_.front()].requests.first();
  while (!request->ready_) request = request->next_;
  return request;
}

// Its start would be now, and equal starts go in the order in which they came.
size_t FairQueue::before_newcomer() const {
  const auto later = std::find_if(ready_.begin(), ready_.end(),
                                  [this](size_t client) { return flows_[client].start > virtual_time_; });
  return static_cast<size_t>(later - ready_.begin());
}

void FairQueue::pop(PacedRequest& request) {
  remove(request);
  advance(request.client_);
}

void FairQueue::charge(size_t client) {
  Flow& flow = flows_[client];
  if (flow.ready == 0) begin(flow, virtual_time_);
  advance(client);
}

void FairQueue::advance(size_t client) {
  Flow& flow = flows_[client];
  fall_out(client);
  virtual_time_ = std::max(virtual_time_, flow.start);
  flow.finish = flow.start + 1 / flow.weight;
  begin(flow, flow.finish);
  line_up(client);
}

bool FairQueue::goes_before(size_t client, size_t other) const {
  return std::tie(flows_[client].start, flows_[client].since) <
         std::tie(flows_[other].start, flows_[other].since);
}

std::vector<size_t>::iterator FairQueue::place_of(size_t client) {
  return std::lower_bound(ready_.begin(), ready_.end(), client,
                          [this](size_t a, size_t b) { return goes_before(a, b); });
}

void FairQueue::line_up(size_t client) {
  if (flows_[client].ready > 0) ready_.insert(place_of(client), client);
}

void FairQueue::fall_out(size_t client) {
  if (flows_[client].ready > 0) ready_.erase(place_of(client));
}

void FairQueue::remove(PacedRequest& request) {
  Flow& flow = flows_[request.client_];
  promises_.remove(request);
  flow.requests.remove(request);
  if (--flow.size == 0) waiting_weight_ -= flow.weight;
  --size_;
  flow.bytes -= request.bytes_;
  bytes_ -= request.bytes_;
  if (!request.ready_) return;
  if (flow.ready == 1) fall_out(request.client_);
  --flow.ready;
}

}  // namespace sluice
