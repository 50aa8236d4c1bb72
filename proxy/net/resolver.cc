#include "proxy/net/resolver.h"

#include <netdb.h>
#include <netinet/in.h>

#include <cstring>

namespace sluice {

namespace {

// getaddrinfo does not tell a record's time to live; 30 s follows a vendor's move fast enough.
constexpr Millis kRememberFor{30'000};

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

}  // namespace

struct Resolver::Lookup {
  uv_getaddrinfo_t request{};
  Resolver* resolver = nullptr;  // null once the resolver is gone
  std::string host;
  std::map<uint64_t, Answer> waiters;  // by id: in the order in which they asked
};

Resolver::Resolver(EventLoop& loop) : loop_(loop) {}

Resolver::~Resolver() {
  for (auto& [host, lookup] : pending_) {
    lookup->resolver = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup->request));
  }
  for (Lookup* lookup : answering_) lookup->resolver = nullptr;
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
  std::string why;
  Lookup* const lookup = found != pending_.end() ? found->second : begin(host, &why);
  if (lookup == nullptr) {
    answer(Error{"cannot resolve " + host + ": " + why});
    return 0;
  }
  lookup->waiters.emplace(next_id_, std::move(answer));
  return next_id_++;
}

Resolver::Lookup* Resolver::begin(const std::string& host, std::string* why) {
  auto lookup = std::make_unique<Lookup>();
  lookup->resolver = this;
  lookup->host = host;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  const auto done = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
    const std::unique_ptr<Lookup> finished(static_cast<Lookup*>(request->data));
    if (finished->resolver != nullptr) finished->resolver->finish(finished.get(), status, list);
    uv_freeaddrinfo(list);
  };
  const int status = uv_getaddrinfo(loop_.uv(), &lookup->request, done, host.c_str(), nullptr, &hints);
  if (status != 0) {
    *why = uv_strerror(status);
    return nullptr;
  }
  return pending_[host] = lookup.release();
}

void Resolver::finish(Lookup* lookup, int status, const void* list) {
  pending_.erase(lookup->host);
  std::vector<IpAddress> addresses;
  if (status == 0) addresses = read_addresses(static_cast<const addrinfo*>(list));
  const char* why = status == 0 ? "no address" : uv_strerror(status);
  Result<std::vector<IpAddress>> result = Error{"cannot resolve " + lookup->host + ": " + why};
  if (!addresses.empty()) {
    remember(lookup->host, addresses);
    result = std::move(addresses);
  }
  answering_.push_back(lookup);
  // Whoever is told may cancel another one, or destroy this.
  while (lookup->resolver != nullptr && !lookup->waiters.empty()) {
    const Answer answer = std::move(lookup->waiters.begin()->second);
    lookup->waiters.erase(lookup->waiters.begin());
    answer(result);
  }
  if (lookup->resolver != nullptr) std::erase(answering_, lookup);
}

void Resolver::remember(const std::string& host, std::vector<IpAddress> addresses) {
  remembered_[host] = {std::move(addresses), loop_.now() + kRememberFor};
}

void Resolver::cancel(uint64_t id) {
  for (const auto& [host, lookup] : pending_) lookup->waiters.erase(id);
  for (Lookup* lookup : answering_) lookup->waiters.erase(id);
}

}  // namespace sluice
