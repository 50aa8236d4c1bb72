#include "proxy/net/address_guard.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <vector>

namespace sluice {
namespace {

std::vector<Cidr> networks(std::initializer_list<const char*> texts) {
  std::vector<Cidr> list;
  for (const char* text : texts) {
    const std::optional<Cidr> cidr = parse_cidr(text);
    if (!cidr) {
      std::fprintf(stderr, "address_guard: bad network %s\n", text);
      std::abort();
    }
    list.push_back(*cidr);
  }
  return list;
}

bool any_contains(const std::vector<Cidr>& list, const IpAddress& address) {
  return std::any_of(list.begin(), list.end(),
                     [&address](const Cidr& cidr) { return cidr.contains(address); });
}

const std::vector<Cidr>& link_local() {
  static const std::vector<Cidr> kList = networks({"169.254.0.0/16", "fe80::/10"});
  return kList;
}

// Metadata services outside the link-local ranges: AWS, Google and Alibaba Cloud, Oracle, Azure.
const std::vector<Cidr>& metadata() {
  static const std::vector<Cidr> kList =
      networks({"fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"});
  return kList;
}

// The special-purpose registries of IANA (RFC 6890), multicast, and the tunnels that hide an IPv4 address.
const std::vector<Cidr>& not_public() {
  static const std::vector<Cidr> kList =
      networks({"0.0.0.0/8",       "10.0.0.0/8",     "100.64.0.0/10",  "127.0.0.0/8",    "172.16.0.0/12",
                "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
                "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",    "64:ff9b:1::/48",
                "100::/64",        "2001::/23",      "2001:db8::/32",  "2002::/16",      "3fff::/20",
                "5f00::/16",       "fc00::/7",       "fec0::/10",      "ff00::/8"});
  return kList;
}

IpAddress mapped(const uint8_t* v4) {
  IpAddress address;
  address.octets[10] = address.octets[11] = 0xFF;
  std::copy(v4, v4 + 4, address.octets.begin() + 12);
  return address;
}

// The IPv4 address that a NAT64 (RFC 6052), 6to4 or IPv4-compatible address leads to.
std::optional<IpAddress> inner_v4(const IpAddress& address) {
  static const std::vector<Cidr> kAtTheEnd = networks({"64:ff9b::/96", "::/96"});
  static const std::vector<Cidr> kSixToFour = networks({"2002::/16"});
  if (any_contains(kAtTheEnd, address)) return mapped(address.octets.data() + 12);
  if (any_contains(kSixToFour, address)) return mapped(address.octets.data() + 2);
  return std::nullopt;
}

bool is_v6_below_1(const IpAddress& address) { return !address.is_v4() && address.octets[0] == 0; }

}  // namespace

std::string refuse_address(const IpAddress& address, bool public_only) {
  // Loopback is in ::/96 too, but leads to no IPv4 address.
  static const std::optional<IpAddress> kLoopback = parse_ip("::1");
  const bool nat64 = address.octets[0] == 0 && address.octets[1] == 0x64;
  if (address != kLoopback) {
    if (const std::optional<IpAddress> inner = inner_v4(address)) {
      std::string why = refuse_address(*inner, public_only);
      if (!why.empty()) return why;
    }
  }
  if (any_contains(link_local(), address)) return "the address " + to_text(address) + " is link-local";
  if (any_contains(metadata(), address))
    return "the address " + to_text(address) + " is a cloud metadata service";
  // ::/8 holds nothing public but NAT64's prefix, whose inner address was asked above.
  if (public_only && (any_contains(not_public(), address) || (is_v6_below_1(address) && !nat64)))
    return "the address " + to_text(address) + " is not public, and the webhook says public_only";
  return {};
}

}  // namespace sluice
