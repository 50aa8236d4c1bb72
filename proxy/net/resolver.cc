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
  uint64_t id = 0;
  std::string host;
  Answer answer;  // empty once cancelled
};

Resolver::Resolver(EventLoop& loop) : loop_(loop) {}

Resolver::~Resolver() {
  for (auto& [id, lookup] : pending_) {
    lookup->resolver = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup->request));
  }
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
  auto* lookup = new Lookup;
  lookup->resolver = this;
  lookup->id = next_id_++;
  lookup->host = host;
  lookup->answer = std::move(answer);
  lookup->request.data = lookup;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  const auto done = [](uv_getaddrinfo_t* request, int status, addrinfo* list) {
    auto* finished = static_cast<Lookup*>(request->data);
    if (finished->resolver != nullptr) {
      finished->resolver->finish(finished, status, list);
    } else {
      delete finished;
    }
    uv_freeaddrinfo(list);
  };
  const int status = uv_getaddrinfo(loop_.uv(), &lookup->request, done, host.c_str(), nullptr, &hints);
  if (status != 0) {
    const Answer call = std::move(lookup->answer);
    delete lookup;
    call(Error{"cannot resolve " + host + ": " + uv_strerror(status)});
    return 0;
  }
  pending_[lookup->id] = lookup;
  return lookup->id;
}

void Resolver::finish(Lookup* lookup, int status, const void* list) {
  pending_.erase(lookup->id);
  const Answer answer = std::move(lookup->answer);
  const std::string host = std::move(lookup->host);
  delete lookup;
  std::vector<IpAddress> addresses;
  if (status == 0) addresses = read_addresses(static_cast<const addrinfo*>(list));
  if (addresses.empty()) {
    const char* reason = status == 0 ? "no address" : uv_strerror(status);
    if (answer) answer(Error{"cannot resolve " + host + ": " + reason});
    return;
  }
  remember(host, addresses);
  if (answer) answer(std::move(addresses));
}

void Resolver::remember(const std::string& host, std::vector<IpAddress> addresses) {
  remembered_[host] = {std::move(addresses), loop_.now() + kRememberFor};
}

void Resolver::cancel(uint64_t id) {
  const auto found = pending_.find(id);
  if (found != pending_.end()) found->second->answer = nullptr;
}

}  // namespace sluice
