// IpAddress and Cidr: source addresses as 128 bits, IPv4 as its IPv4-mapped form (RFC 4291 2.5.5.2), so that
// one comparison serves both families and ::ffff:10.0.0.1 is 10.0.0.1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

struct IpAddress {
  std::array<uint8_t, 16> octets{};
  bool is_v4() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_text(const IpAddress& address);

// A prefix shorter than 96 bits is one of IPv6 and holds no IPv4 address: ::/0 is "any IPv6".
struct Cidr {
  IpAddress network;
  int bits = 0;  // of 128
  bool contains(const IpAddress& address) const;
};

// "10.0.0.0/8", "fd00::/8", or a single address. nullopt also when bits beyond the prefix are set.
std::optional<Cidr> parse_cidr(std::string_view text);

}  // namespace sluice
