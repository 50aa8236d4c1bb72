#include "proxy/net/resolver.h"

#include <netdb.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>

#include "proxy/net/quiet_thread.h"

namespace sluice {

namespace {

// getaddrinfo does not tell a record's time to live; 30 s follows a vendor's move fast enough.
constexpr Millis kRememberFor{30'000};

std::string reason_of(int status, int system_error) {
  if (status == EAI_SYSTEM) return std::generic_category().message(system_error);
  return gai_strerror(status);
}

std::vector<IpAddress> read_addresses(const addrinfo* list) {
  std::vector<IpAddress> addresses;
  for (; list != nullptr; list = list->ai_next) {
    IpAddress address;
    if (list->ai_family == AF_INET) {
      address.octets[10] = address.octets[11] = 0xff;
      std::memcpy(address.octets.data() + 12, &reinterpret_cast<const sockaddr_in*>(list->ai_addr)->sin_addr,
                  4);
    } else if (list->ai_family == AF_INET6) {
      std::memcpy(address.octets.data(), &reinterpret_cast<const sockaddr_in6*>(list->ai_addr)->sin6_addr,
                  16);
    } else {
      continue;
    }
    addresses.push_back(address);
  }
  return addresses;
}

// Blocks, for as long as the name servers let it.
Result<std::vector<IpAddress>> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  addrinfo* list = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  const int system_error = errno;  // before anything else sets it
  if (status != 0) return Error{"cannot resolve " + host + ": " + reason_of(status, system_error)};
  std::vector<IpAddress> addresses = read_addresses(list);
  freeaddrinfo(list);
  if (addresses.empty()) return Error{"cannot resolve " + host + ": no address"};
  return addresses;
}

}  // namespace

// Shared with its thread, which may outlive the resolver and the loop.
struct Resolver::Lookup {
  explicit Lookup(const std::string& name) : host(name) {}

  const std::string host;
  Result<std::vector<IpAddress>> found = std::vector<IpAddress>();  // the thread's until it is posted

  std::mutex mutex;
  EventLoop* loop = nullptr;  // guarded by mutex; null once the resolver is gone

  // The loop's thread only.
  Resolver* resolver = nullptr;        // null once it is gone
  std::map<uint64_t, Answer> waiters;  // by id: in the order in which they asked
};

Resolver::Resolver(EventLoop& loop) : loop_(loop) {}

Resolver::~Resolver() {
  for (auto& [host, lookup] : pending_) forget(*lookup);
  for (const auto& lookup : answering_) forget(*lookup);
}

void Resolver::forget(Lookup& lookup) {
  lookup.resolver = nullptr;
  lookup.waiters.clear();
  const std::lock_guard lock(lookup.mutex);
  lookup.loop = nullptr;
}

uint64_t Resolver::resolve(const std::string& host, Answer answer) {
  if (const auto literal = parse_ip(host)) {
    answer(std::vector<IpAddress>{*literal});
    return 0;
  }
  const auto known = remembered_.find(host);
  if (known != remembered_.end() && loop_.now() < known->second.until) {
    answer(std::vector<IpAddress>(known->second.addresses));
    return 0;
  }
  const auto found = pending_.find(host);
  const Result<Lookup*> lookup = found != pending_.end() ? found->second.get() : begin(host);
  if (!lookup) {
    answer(lookup.error());
    return 0;
  }
  (*lookup)->waiters.emplace(next_id_, std::move(answer));
  return next_id_++;
}

Result<Resolver::Lookup*> Resolver::begin(const std::string& host) {
  auto lookup = std::make_shared<Lookup>(host);
  lookup->resolver = this;
  lookup->loop = &loop_;
  const auto work = [lookup] {
    lookup->found = look_up(lookup->host);
    const std::lock_guard lock(lookup->mutex);
    if (lookup->loop == nullptr) return;
    lookup->loop->post([lookup] {
      if (lookup->resolver != nullptr) lookup->resolver->finish(lookup);
    });
  };
  try {
    start_quiet_thread("sluice-name", work).detach();
  } catch (const std::system_error& error) {
    return Error{"cannot resolve " + host + ": no thread: " + error.code().message()};
  }
  return (pending_[host] = lookup).get();
}

void Resolver::finish(const std::shared_ptr<Lookup>& lookup) {
  pending_.erase(lookup->host);
  if (lookup->found) remember(lookup->host, *lookup->found);
  answering_.push_back(lookup);
  // Whoever is told may cancel another one, or destroy this.
  while (lookup->resolver != nullptr && !lookup->waiters.empty()) {
    const Answer answer = std::move(lookup->waiters.begin()->second);
    lookup->waiters.erase(lookup->waiters.begin());
    answer(lookup->found);
  }
  if (lookup->resolver != nullptr) std::erase(answering_, lookup);
}

void Resolver::remember(const std::string& host, std::vector<IpAddress> addresses) {
  remembered_[host] = {std::move(addresses), loop_.now() + kRememberFor};
}

void Resolver::cancel(uint64_t id) {
  for (const auto& [host, lookup] : pending_) lookup->waiters.erase(id);
  for (const auto& lookup : answering_) lookup->waiters.erase(id);
}

}  // namespace sluice
