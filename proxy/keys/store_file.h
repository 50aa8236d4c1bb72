// store_file: the sealed store as a text: JSON, one key a line, so that a change can be read in a diff.
//
//   {
//     "format": "sluice sealed keys",
//     "version": 1,
//     "scrypt": {"log2_n":15,"r":8,"p":3,"salt":BASE64},
//     "check": HEX,                                          of the master, see store_keys.h
//     "keys": [
//       {"name":"push-full","nonce":BASE64,"sealed":BASE64}
//     ],
//     "mac": HEX,                                            under the master, of all that stands before
//     "sha256": HEX                                          of all that stands before: tells damage without
//     it
//   }
//
// One text stands for one store: whatever is not written as to_text() writes it is damaged. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"
#include "proxy/crypto_sealing.h"

namespace sluice {

// 32 MiB, and the work of N = 2^17, r = 8, p = 1: the OWASP Password Storage Cheat Sheet calls the two equal,
// and this one fits into a small container. RFC 7914 section 2 leaves the choice to the application.
constexpr ScryptCost kStoreCost{15, 8, 3};
// A store that asks for more than 128 MiB or for 8 times the work above is refused before anything is
// derived.
constexpr ScryptCost kSmallestCost{10, 8, 1};
constexpr ScryptCost kLargestCost{17, 8, 6};

constexpr size_t kSaltOctets = 32;
constexpr size_t kDigestOctets = 32;
constexpr size_t kMostStoreOctets = 4 * 1024 * 1024;
constexpr size_t kMostSealedKeys = 1000;

// Octets, not encoded.
struct SealedEntry {
  std::string name;
  std::string nonce;
  std::string sealed;
};

struct StoreFile {
  ScryptCost cost = kStoreCost;
  std::string salt;
  std::string check;
  std::vector<SealedEntry> entries;
  std::string mac;
};

// What belongs to the store and not to one key: format, version, cost and salt.
std::string header_text(const StoreFile& file);
// What the mac is of.
std::string covered_text(const StoreFile& file);
std::string to_text(const StoreFile& file);

// Errors without the path: cut short, damaged, of a newer version, none at all, too costly. Says nothing of
// whether the master fits.
Result<StoreFile> parse_store(std::string_view text);

}  // namespace sluice
