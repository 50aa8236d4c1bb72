#include "config/ip.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Ip, ReadsBothFamiliesAndPrintsTheShortestForm) {
  EXPECT_EQ(to_text(*parse_ip("10.2.3.4")), "10.2.3.4");
  EXPECT_EQ(to_text(*parse_ip("2001:DB8:0:0:0:0:0:1")), "2001:db8::1");
  EXPECT_TRUE(parse_ip("10.2.3.4")->is_v4());
  EXPECT_FALSE(parse_ip("::1")->is_v4());
}

TEST(Ip, AMappedAddressIsTheIPv4Address) {
  EXPECT_EQ(parse_ip("::ffff:10.2.3.4"), parse_ip("10.2.3.4"));
  EXPECT_EQ(parse_ip("::ffff:0a02:0304"), parse_ip("10.2.3.4"));
  EXPECT_NE(parse_ip("::10.2.3.4"), parse_ip("10.2.3.4"));
}

TEST(Ip, RefusesWhatIsNoFullAddress) {
  using namespace std::string_view_literals;
  for (std::string_view text :
       {""sv, "10"sv, "10.1"sv, "10.1.2"sv, "10.1.2.256"sv, "10.1.2.3.4"sv, "010.1.2.3"sv, "0x7f.0.0.1"sv,
        " 10.1.2.3"sv, "10.1.2.3 "sv, "10.1.2.3\0"sv, "::1\0x"sv, "fe80::1%eth0"sv, "[::1]"sv,
        "1:2:3:4:5:6:7:8:9"sv, ":::"sv, "localhost"sv}) {
    EXPECT_EQ(parse_ip(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_ip(std::string(1000, '1')), std::nullopt);
}

TEST(Cidr, HoldsExactlyItsPrefix) {
  const Cidr private_network = *parse_cidr("10.0.0.0/8");
  EXPECT_TRUE(private_network.contains(*parse_ip("10.255.255.255")));
  EXPECT_TRUE(private_network.contains(*parse_ip("::ffff:10.0.0.1")));
  EXPECT_FALSE(private_network.contains(*parse_ip("11.0.0.0")));
  EXPECT_FALSE(private_network.contains(*parse_ip("a00::1")));
  const Cidr odd = *parse_cidr("192.168.4.0/23");
  EXPECT_TRUE(odd.contains(*parse_ip("192.168.5.255")));
  EXPECT_FALSE(odd.contains(*parse_ip("192.168.6.0")));
  EXPECT_TRUE(parse_cidr("fd00::/8")->contains(*parse_ip("fdff::1")));
  EXPECT_FALSE(parse_cidr("fd00::/8")->contains(*parse_ip("fc00::1")));
}

TEST(Cidr, LooksAtEveryBitOfItsPrefixAndAtNoOther) {
  const IpAddress network = *parse_ip("2001:db8:a5a5:5a5a:1234:5678:9abc:def0");
  for (int bits = 1; bits <= 128; ++bits) {
    for (int flipped = 0; flipped < 128; ++flipped) {
      IpAddress address = network;
      address.octets[static_cast<size_t>(flipped / 8)] ^= static_cast<uint8_t>(0x80 >> flipped % 8);
      EXPECT_EQ((Cidr{network, bits}.contains(address)), flipped >= bits) << bits << " " << flipped;
    }
  }
}

TEST(Cidr, ASingleAddressIsANetworkOfOne) {
  EXPECT_TRUE(parse_cidr("10.0.0.1")->contains(*parse_ip("10.0.0.1")));
  EXPECT_FALSE(parse_cidr("10.0.0.1")->contains(*parse_ip("10.0.0.2")));
  EXPECT_TRUE(parse_cidr("::1/128")->contains(*parse_ip("::1")));
  EXPECT_TRUE(parse_cidr("10.0.0.1/32")->contains(*parse_ip("10.0.0.1")));
}

TEST(Cidr, AllOfOneFamilyHoldsNothingOfTheOther) {
  EXPECT_TRUE(parse_cidr("0.0.0.0/0")->contains(*parse_ip("203.0.113.9")));
  EXPECT_FALSE(parse_cidr("0.0.0.0/0")->contains(*parse_ip("2001:db8::1")));
  EXPECT_TRUE(parse_cidr("::/0")->contains(*parse_ip("2001:db8::1")));
  EXPECT_FALSE(parse_cidr("::/0")->contains(*parse_ip("203.0.113.9")));
  EXPECT_TRUE(parse_cidr("::ffff:0:0/96")->contains(*parse_ip("203.0.113.9")));
}

TEST(Cidr, RefusesBitsBeyondThePrefixAndBadLengths) {
  for (const char* text :
       {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8x", "10.0.0.0/8/8",
        "/8", "fd00::1/64", "fd00::/129", "10.0.0.0/ 8", "10.0.0.0/255.0.0.0", "::1/0"}) {
    EXPECT_FALSE(parse_cidr(text)) << text;
  }
}

}  // namespace
}  // namespace sluice
