#include "proxy/pacing/fair_queue.h"

#include <algorithm>
#include <tuple>

namespace sluice {

FairQueue::FairQueue(const std::vector<double>& weights) : flows_(weights.size()) {
  for (size_t i = 0; i < weights.size(); ++i) flows_[i].weight = weights[i];
  ready_.reserve(weights.size());
}

double FairQueue::waiting_weight() const {
  double sum = 0;
  for (const Flow& flow : flows_) sum += flow.size > 0 ? flow.weight : 0;
  return sum;
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
  flow.finish -= 1 / flow.weight;
  if (flow.ready++ == 0) ready_.push_back(request.client_);
  begin(flow, flow.finish);
}

void FairQueue::enter(PacedRequest& request) {
  Flow& flow = flows_[request.client_];
  ++flow.size;
  ++size_;
  flow.bytes += request.bytes_;
  bytes_ += request.bytes_;
  promises_.add(request);
}

void FairQueue::set_ready(PacedRequest& request) {
  request.ready_ = true;
  Flow& flow = flows_[request.client_];
  if (flow.ready++ > 0) return;
  ready_.push_back(request.client_);
  begin(flow, virtual_time_);
}

void FairQueue::begin(Flow& flow, double earliest) {
  flow.start = std::max(earliest, flow.finish);
  flow.since = ++begun_;
}

PacedRequest* FairQueue::next() const {
  if (ready_.empty()) return nullptr;
  const auto order = [this](size_t client) { return std::tie(flows_[client].start, flows_[client].since); };
  const size_t client = *std::min_element(ready_.begin(), ready_.end(),
                                          [&order](size_t a, size_t b) { return order(a) < order(b); });
  PacedRequest* request = flows_[client].requests.first();
  while (!request->ready_) request = request->next_;
  return request;
}

void FairQueue::pop(PacedRequest& request) {
  Flow& flow = flows_[request.client_];
  remove(request);
  advance(flow);
}

void FairQueue::charge(size_t client) {
  Flow& flow = flows_[client];
  if (flow.ready == 0) begin(flow, virtual_time_);
  advance(flow);
}

void FairQueue::advance(Flow& flow) {
  virtual_time_ = std::max(virtual_time_, flow.start);
  flow.finish = flow.start + 1 / flow.weight;
  begin(flow, flow.finish);
}

void FairQueue::remove(PacedRequest& request) {
  Flow& flow = flows_[request.client_];
  promises_.remove(request);
  flow.requests.remove(request);
  --flow.size;
  --size_;
  flow.bytes -= request.bytes_;
  bytes_ -= request.bytes_;
  if (request.ready_ && --flow.ready == 0)
    ready_.erase(std::find(ready_.begin(), ready_.end(), request.client_));
}

}  // namespace sluice
