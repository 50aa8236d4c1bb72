#include "proxy/crypto_prompt.h"

#include <openssl/evp.h>

#include <utility>

namespace sluice {

std::optional<Secret> ask_twice(const std::string& prompt) {
  constexpr int kVerify = 1;
  std::string line(kMostPromptOctets + 2, '\0');  // and a NUL behind it, whatever is written
  const int failed =
      EVP_read_pw_string_min(line.data(), 1, static_cast<int>(kMostPromptOctets), prompt.c_str(), kVerify);
  line.resize(line.find('\0'));
  Secret secret(std::move(line));
  if (failed != 0) return std::nullopt;
  return secret;
}

}  // namespace sluice
