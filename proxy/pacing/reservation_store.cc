#include "proxy/pacing/reservation_store.h"

#include <cstdio>

namespace sluice {
namespace {

// Of an answer without slots.
constexpr size_t kFields = 17;

std::string_view to_text(ReservationCall::Kind kind) {
  switch (kind) {
    case ReservationCall::Kind::kReserve: return "reserve";
    case ReservationCall::Kind::kStepped: return "stepped";
    case ReservationCall::Kind::kLeave: return "leave";
  }
  return "";
}

std::string to_text(double value) {
  std::array<char, 32> text{};
  return {text.data(), static_cast<size_t>(std::snprintf(text.data(), text.size(), "%.6f", value))};
}

// Of a schedule, in the order in which the script returns it.
bool is_plausible(const ReservationReply& reply) {
  return reply.seats >= 1 && reply.seat >= 0 && reply.seat < reply.seats && reply.generation > 0 &&
         reply.interval.count() > 0 && reply.lead.count() > 0 && reply.heartbeat.count() > 0 &&
         reply.pool >= 1 && reply.pool <= reply.seats && reply.quota >= 0;
}

}  // namespace

std::vector<std::string> to_arguments(const ReservationCall& call) {
  std::vector<std::string> list{std::string(to_text(call.kind)), std::string(call.process)};
  const auto add = [&list](int64_t value) { list.push_back(std::to_string(value)); };
  for (const int64_t value : {call.now, call.seat, call.want, call.ahead}) add(value);
  list.push_back(to_text(call.weight));
  for (const int64_t value : {call.interval.count(), call.tolerance.count(), call.seats, call.earliest,
                              call.latest, call.generation, call.schedule, call.hold_left, call.rejected_ago,
                              int64_t{call.may_burst}, call.slowed.count(), call.paid}) {
    add(value);
  }
  return list;
}

std::optional<ReservationReply> parse_reservation(std::span<const int64_t> numbers) {
  ReservationReply reply;
  if (numbers.size() < 2 || numbers[0] < -1 || numbers[0] > 1) return std::nullopt;
  reply.outcome = static_cast<ReservationReply::Outcome>(numbers[0]);
  reply.now = numbers[1];
  if (reply.outcome != ReservationReply::Outcome::kSeated) return reply;
  if (numbers.size() < kFields || numbers.size() > kFields + kMostSlots) return std::nullopt;
  reply.seat = numbers[2];
  reply.generation = numbers[3];
  reply.schedule = numbers[4];
  reply.interval = Nanos(numbers[5]);
  reply.seats = numbers[6];
  reply.lead = Micros(numbers[7]);
  reply.heartbeat = Micros(numbers[8]);
  reply.pool = numbers[9];
  reply.weights = static_cast<double>(numbers[10]);
  reply.quota = numbers[11];
  reply.retry = numbers[12];
  reply.hold = numbers[13];
  for (size_t i = 0; i < reply.rejections.size(); ++i) reply.rejections[i] = numbers[14 + i];
  const auto slots = numbers.subspan(kFields);
  reply.slot_count = slots.size();
  for (size_t i = 0; i < slots.size(); ++i) reply.slots[i] = slots[i];
  if (!is_plausible(reply)) return std::nullopt;
  return reply;
}

}  // namespace sluice
