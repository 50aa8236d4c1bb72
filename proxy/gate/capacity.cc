#include "proxy/gate/capacity.h"

#include <algorithm>

#include "proxy/gate/pace_rooms.h"
#include "proxy/pacing/sent_window.h"

namespace sluice {
namespace {

constexpr size_t kMostClients = 20;
constexpr double kSeconds = SentWindow::kSeconds;

std::vector<std::string> names_by_slot(const Serving& serving) {
  std::vector<std::string> names;
  for (size_t i = 0; i < serving.pace_slots.size(); ++i) {
    const size_t slot = serving.pace_slots[i];
    if (slot >= names.size()) names.resize(slot + 1);
    names[slot] = serving.config.clients[i].name;
  }
  return names;
}

// The first of them by `less`, and by name where that is equal.
template <class Less>
std::vector<ClientShare> most(std::vector<ClientShare> clients, Less less) {
  std::sort(clients.begin(), clients.end(), [&less](const ClientShare& a, const ClientShare& b) {
    if (less(b, a)) return true;
    return !less(a, b) && a.name < b.name;
  });
  if (clients.size() > kMostClients) clients.resize(kMostClients);
  return clients;
}

bool sends_less(const ClientShare& a, const ClientShare& b) { return a.per_second < b.per_second; }
bool waits_less(const ClientShare& a, const ClientShare& b) { return a.waiting < b.waiting; }

double load_of(const ClientShare& client) {
  return client.per_second * kSeconds + static_cast<double>(client.waiting);
}

}  // namespace

Capacity make_capacity(PaceFigures figures, double rate, const std::vector<std::string>& names) {
  Capacity capacity;
  capacity.per_second = figures.sent / kSeconds;
  capacity.in_use = std::clamp(capacity.per_second / rate, 0.0, 1.0);
  std::vector<ClientShare> all;
  for (const PaceFigures::Client& client : figures.clients) {
    if (client.slot >= names.size() || names[client.slot].empty()) continue;
    const double share = figures.sent > 0 ? std::min(client.sent / figures.sent, 1.0) : 0;
    all.push_back({names[client.slot], client.waiting, client.sent / kSeconds, share});
  }
  const bool has_to_wait = figures.waiting > 0 || !figures.wait || *figures.wait > Nanos(0);
  if (has_to_wait && !all.empty()) {
    capacity.busiest = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
                         return load_of(a) < load_of(b);
                       })->name;
  }
  capacity.clients = most(all, sends_less);
  for (ClientShare& client : most(std::move(all), waits_less)) {
    const auto is_it = [&client](const ClientShare& other) { return other.name == client.name; };
    if (client.waiting > 0 && std::none_of(capacity.clients.begin(), capacity.clients.end(), is_it))
      capacity.clients.push_back(std::move(client));
  }
  std::stable_sort(capacity.clients.begin(), capacity.clients.end(),
                   [](const ClientShare& a, const ClientShare& b) { return sends_less(b, a); });
  capacity.figures = std::move(figures);
  return capacity;
}

Capacity capacity_of(const Serving& serving, size_t api, Nanos now) {
  const ServedApi& served = serving.apis[api];
  return make_capacity(served.room->scheduler->figures(now), served.limit.rate, names_by_slot(serving));
}

}  // namespace sluice
