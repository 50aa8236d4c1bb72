#include "proxy/net/address_guard.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string refuse(const char* text, bool public_only) {
  const auto address = parse_ip(text);
  EXPECT_TRUE(address) << text;
  return refuse_address(*address, public_only);
}

TEST(AddressGuard, RefusesLinkLocalAndMetadataAddressesInEveryForm) {
  for (const char* text :
       {"169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1", "::169.254.169.254", "fe80::1", "febf::1", "fd00:ec2::254", "fd20:ce::254",
        "100.100.100.200", "192.0.0.192", "168.63.129.16"}) {
    EXPECT_NE(refuse(text, false), "") << text;
    EXPECT_NE(refuse(text, true), "") << text;
  }
}

TEST(AddressGuard, AllowsPrivateAndLoopbackAddressesUnlessToldOtherwise) {
  for (const char* text : {"127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "fd00::1",
                           "100.64.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::"}) {
    EXPECT_EQ(refuse(text, false), "") << text;
    EXPECT_NE(refuse(text, true), "") << text;
  }
}

TEST(AddressGuard, HoldsBackWhateverIsNotPublic) {
  for (const char* text : {"0.0.0.0", "::", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
                           "203.0.113.1", "224.0.0.1", "255.255.255.255", "64:ff9b:1::1", "100::1", "2001::1",
                           "2001:db8::1", "3fff::1", "5f00::1", "fec0::1", "ff02::1", "::5"})
    EXPECT_NE(refuse(text, true), "") << text;
}

TEST(AddressGuard, LetsPublicAddressesPass) {
  for (const char* text : {"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111",
                           "64:ff9b::8.8.8.8", "169.253.1.1", "::ffff:8.8.8.8"})
    EXPECT_EQ(refuse(text, true), "") << text;
}

}  // namespace
}  // namespace sluice
