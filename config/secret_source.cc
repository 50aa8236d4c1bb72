#include "config/secret_source.h"

#include <algorithm>
#include <cstdlib>

#include "config/ascii.h"
#include "config/yaml_reader.h"

namespace sluice {
namespace {

enum class Lines { kOne, kMany };

Result<Secret> checked(Secret secret, const std::string& place, Lines lines) {
  if (secret.empty()) return Error{place + " is empty"};
  if (lines == Lines::kOne && std::any_of(secret.reveal().begin(), secret.reveal().end(), is_control)) {
    return Error{place + " holds a line break or another control character inside the secret"};
  }
  return secret;
}

Result<Secret> from_environment(const std::string& name, Lines lines) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return Error{"environment variable " + name + " is not set"};
  return checked(Secret(value), "environment variable " + name, lines);
}

Result<Secret> from_file(const std::string& path, Lines lines) {
  auto content = read_file(path, kMaximumSecretSize);
  if (!content) return content.error();
  const Secret whole(std::move(*content));
  return checked(Secret(std::string(trim_lines(whole.reveal()))), "secret file " + path, lines);
}

Result<Secret> resolve(const SecretRef& ref, Lines lines) {
  if (!ref.fetched.empty()) return checked(ref.fetched, to_text(ref), lines);
  switch (ref.kind) {
    case SecretRef::Kind::kNone: break;
    case SecretRef::Kind::kEnv: return from_environment(ref.name, lines);
    case SecretRef::Kind::kFile: return from_file(ref.name, lines);
    case SecretRef::Kind::kSealed:
    case SecretRef::Kind::kVault: return Error{to_text(ref) + " was not fetched"};
  }
  return Error{
      "no secret is configured: use { env: NAME }, { file: PATH }, { sealed: NAME } or { vault: PATH#KEY }"};
}

}  // namespace

std::string_view trim_lines(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

Result<Secret> resolve_secret(const SecretRef& ref) { return resolve(ref, Lines::kOne); }
Result<Secret> resolve_secret_lines(const SecretRef& ref) { return resolve(ref, Lines::kMany); }

}  // namespace sluice
