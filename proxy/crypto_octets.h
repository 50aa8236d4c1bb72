// What the parts of crypto share: octets as OpenSSL takes them, and the end of a process whose OpenSSL fails
// where it cannot (no memory, no generator). For proxy/crypto*.cc alone. Pure; any thread.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace sluice {

inline void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "crypto: %s failed\n", what);
  std::abort();
}

inline const unsigned char* octets(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}
inline unsigned char* octets(std::string& data) { return reinterpret_cast<unsigned char*>(data.data()); }

}  // namespace sluice
