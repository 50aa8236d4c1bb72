#include "proxy/audit/checkpoint_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/ascii.h"
#include "config/secret_source.h"
#include "config/yaml_reader.h"
#include "proxy/safe_file.h"

namespace sluice {
namespace {

constexpr size_t kMostKeyOctets = 64 * 1024;

Error unusable(const std::string& place) {
  return {place +
          " is not an Ed25519 key in PEM (PKCS#8, not encrypted): make one with openssl genpkey "
          "-algorithm ed25519"};
}

Result<Ed25519Key> read_made_key(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return Error{"checkpoint key " + path + ": cannot read it: " + std::strerror(errno)};
  if (!S_ISREG(status.st_mode))
    return Error{"checkpoint key " + path + " is not a file: move it away, and a new key is made"};
  if ((status.st_mode & 077) != 0)
    return Error{"checkpoint key " + path + " can be read by others: chmod 600 " + path +
                 ", or move it away, and a new key is made"};
  auto text = read_file(path, kMostKeyOctets);
  if (!text) return Error{"checkpoint key: " + text.error().message};
  const Secret secret(std::move(*text));
  auto key = Ed25519Key::from_pem(secret.reveal());
  if (!key)
    return Error{"checkpoint key " + path +
                 " is damaged: put back a copy of it, or move it away, and a new key is made"};
  return *std::move(key);
}

}  // namespace

Result<Ed25519Key> open_checkpoint_key(const SecretRef& configured, const std::string& spool) {
  if (configured.kind != SecretRef::Kind::kNone) {
    auto secret = resolve_secret_lines(configured);
    if (!secret) return Error{"audit.checkpoint_key: " + secret.error().message};
    auto key = Ed25519Key::from_pem(secret->reveal());
    if (!key) return unusable("audit.checkpoint_key: " + configured.name);
    return *std::move(key);
  }
  const std::string path = spool + ".key";
  if (::access(path.c_str(), F_OK) == 0) return read_made_key(path);
  Ed25519Key key = Ed25519Key::generate();
  const Secret pem = key.to_pem();
  if (auto made = create_file(path, pem.reveal(), 0600); !made)
    return Error{"checkpoint key: " + made.error().message};
  return key;
}

Result<void> publish_checkpoint_key(const std::string& spool, const NoteVerifier& verifier) {
  const std::string path = spool + ".pub";
  const std::string line = to_text(verifier);
  std::string all;
  if (::access(path.c_str(), F_OK) == 0) {
    auto text = read_file(path, kMostKeyOctets);
    if (!text) return text.error();
    all = std::move(*text);
  }
  if (!all.empty() && !all.ends_with('\n')) all += '\n';
  if (("\n" + all).find("\n" + line + "\n") != std::string::npos) return {};
  all += line + '\n';
  return replace_file(path, all, 0644);
}

Result<std::vector<NoteVerifier>> read_public_keys(const std::string& path) {
  auto text = read_file(path, kMostKeyOctets);
  if (!text) return text.error();
  std::vector<NoteVerifier> keys;
  size_t number = 0;
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    const std::string_view line = trim(std::string_view(*text).substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    auto key = parse_note_verifier(line);
    if (!key) return Error{path + ":" + std::to_string(number) + ": " + key.error().message};
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return Error{path + ": there is no key in it"};
  return keys;
}

}  // namespace sluice
