// The day as JSON: columns, oldest first. Appended text: a day of three APIs has 200,000 numbers.
#include <algorithm>

#include "proxy/admin/history.h"
#include "proxy/audit/event.h"
#include "proxy/json_text.h"

namespace sluice {
namespace {

constexpr uint32_t kNull = HistorySamples::kNull;

enum class Unit : uint8_t { kOnes, kThousandths };

void write_value(JsonText& out, uint64_t value, Unit unit) {
  if (unit == Unit::kOnes) return out.number(value);
  out.number(value / 1'000);
  uint64_t rest = value % 1'000;
  if (rest == 0) return;
  char* const at = out.extend(4);
  at[0] = '.';
  for (int i = 3; i > 0; --i, rest /= 10) at[i] = static_cast<char>('0' + rest % 10);
}

// `name` is a literal with all that stands before the column. Of the last `count` samples; null before the
// series begins.
template <size_t N, class Sample, class Read>
void write_column(JsonText& out, const char (&name)[N], const std::deque<Sample>& samples, size_t count,
                  Unit unit, Read read) {
  out.literal(name);
  out.literal("[");
  const size_t have = std::min(count, samples.size());
  const size_t lack = count - have;
  auto sample = samples.end() - static_cast<std::ptrdiff_t>(have);
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) out.literal(",");
    const uint32_t value = i < lack ? kNull : read(*sample++);
    if (value == kNull) {
      out.literal("null");
    } else {
      write_value(out, value, unit);
    }
  }
  out.literal("]");
}

void write_name(JsonText& out, const std::string& name, bool is_first) {
  if (!is_first) out.literal(",");
  out.literal(R"({"name":)");
  out.string(name);
}

void write_api(JsonText& out, const std::deque<HistorySamples::Api>& samples, size_t count) {
  using Sample = HistorySamples::Api;
  const auto column = [&](const auto& name, Unit unit, auto read) {
    write_column(out, name, samples, count, unit,
                 [read](const Sample& sample) { return sample.sent == kNull ? kNull : read(sample); });
  };
  column(R"(,"sent_per_second":)", Unit::kThousandths, [](const Sample& s) { return s.sent; });
  column(R"(,"in_use":)", Unit::kThousandths, [](const Sample& s) -> uint32_t { return s.in_use; });
  column(R"(,"waiting":)", Unit::kOnes, [](const Sample& s) { return s.waiting; });
  column(R"(,"wait_seconds":)", Unit::kThousandths, [](const Sample& s) { return s.wait; });
  column(R"(,"rejections":)", Unit::kOnes, [](const Sample& s) -> uint32_t { return s.rejections; });
  out.literal("}");
}

void write_requests(JsonText& out, const std::deque<HistorySamples::Requests>& samples, size_t count) {
  using Sample = HistorySamples::Requests;
  const auto column = [&](const auto& name, auto read) {
    write_column(out, name, samples, count, Unit::kOnes, read);
  };
  column(R"(],"requests":{"allow":)", [](const Sample& s) { return s.allow; });
  column(R"(,"deny":)", [](const Sample& s) { return s.deny; });
  column(R"(,"refuse":)", [](const Sample& s) { return s.refuse; });
  column(R"(,"failed":)", [](const Sample& s) { return s.failed; });
  out.literal("}");
}

void write_webhook(JsonText& out, const std::deque<HistorySamples::Webhook>& samples, size_t count) {
  using Sample = HistorySamples::Webhook;
  write_column(out, R"(,"backlog":)", samples, count, Unit::kOnes, [](const Sample& s) { return s.backlog; });
  write_column(out, R"(,"lag_seconds":)", samples, count, Unit::kThousandths,
               [](const Sample& s) { return s.lag; });
  out.literal("}");
}

void write_from(JsonText& out, int64_t unix_ms, size_t count) {
  out.literal(R"(,"from":)");
  if (count == 0) return out.literal("null");
  out.plain_string(format_time(std::chrono::system_clock::time_point(Millis(unix_ms))));
}

}  // namespace

std::string History::to_json(std::optional<int64_t> since_ms) const {
  const int64_t interval = kInterval.count();
  size_t count = requests_.size();
  if (since_ms) {
    const int64_t later = slot_ - std::min(*since_ms / interval, slot_);
    count = std::min(count, static_cast<size_t>(later));
  }
  JsonText out;
  out.literal(R"({"interval_seconds":)");
  out.number(interval / 1'000);
  write_from(out, (slot_ - static_cast<int64_t>(count) + 1) * interval, count);
  out.literal(R"(,"count":)");
  out.number(static_cast<uint64_t>(count));
  out.literal(R"(,"apis":[)");
  bool is_first = true;
  for (const auto& [name, series] : apis_) {
    write_name(out, name, std::exchange(is_first, false));
    write_api(out, series.samples, count);
  }
  write_requests(out, requests_, count);
  out.literal(R"(,"webhooks":[)");
  is_first = true;
  for (const auto& [name, series] : webhooks_) {
    write_name(out, name, std::exchange(is_first, false));
    write_webhook(out, series.samples, count);
  }
  out.literal("]}\n");
  return std::string(out.view());
}

}  // namespace sluice
