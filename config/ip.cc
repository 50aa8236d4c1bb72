#include "config/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace sluice {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

// The value of a bit, counted from the most significant one.
bool bit_at(const IpAddress& address, int index) {
  return (address.octets[static_cast<size_t>(index / 8)] >> (7 - index % 8) & 1) != 0;
}

}  // namespace

bool IpAddress::is_v4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets.begin());
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string copy(text);
  IpAddress address;
  if (copy.find(':') != std::string::npos) {
    if (inet_pton(AF_INET6, copy.c_str(), address.octets.data()) != 1) return std::nullopt;
    return address;
  }
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.octets.begin());
  if (inet_pton(AF_INET, copy.c_str(), address.octets.data() + kMappedPrefix.size()) != 1)
    return std::nullopt;
  return address;
}

std::string to_text(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.is_v4()) {
    inet_ntop(AF_INET, address.octets.data() + kMappedPrefix.size(), text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.octets.data(), text, sizeof text);
  }
  return text;
}

bool Cidr::contains(const IpAddress& address) const {
  if (bits < kMappedBits && address.is_v4()) return false;
  const auto whole = static_cast<size_t>(bits / 8);
  if (!std::equal(address.octets.data(), address.octets.data() + whole, network.octets.data())) return false;
  if (bits % 8 == 0) return true;
  const int differing = address.octets[whole] ^ network.octets[whole];
  return differing >> (8 - bits % 8) == 0;
}

std::optional<Cidr> parse_cidr(std::string_view text) {
  const size_t slash = text.find('/');
  auto network = parse_ip(text.substr(0, slash));
  if (!network) return std::nullopt;
  if (slash == std::string_view::npos) return Cidr{*network, 128};

  const std::string_view digits = text.substr(slash + 1);
  int bits = -1;
  auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || rest != digits.data() + digits.size()) return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0') return std::nullopt;
  const bool written_as_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  if (bits < 0 || bits > (written_as_v4 ? 32 : 128)) return std::nullopt;
  if (written_as_v4) bits += kMappedBits;
  for (int index = bits; index < 128; ++index) {
    if (bit_at(*network, index)) return std::nullopt;
  }
  return Cidr{*network, bits};
}

}  // namespace sluice
