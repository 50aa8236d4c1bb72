#include "proxy/cli/file_access.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/secret_refs.h"
#include "proxy/gate/watched_files.h"

namespace sluice {
namespace {

constexpr std::string_view kFileRule = "file-open-to-others";
constexpr std::string_view kFolderRule = "folder-open-to-others";
constexpr std::string_view kSpoolRule = "spool-folder";

std::optional<struct stat> look_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

std::string owner_of(const struct stat& status) {
  std::array<char, 1024> memory{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(status.st_uid, &entry, memory.data(), memory.size(), &found);
  return found == nullptr ? "uid " + std::to_string(status.st_uid) : entry.pw_name;
}

// "mode 0644, owner root"
std::string describe(const struct stat& status) {
  std::string mode = "0000";
  for (size_t i = 0; i < mode.size(); ++i)
    mode[i] = static_cast<char>('0' + ((status.st_mode >> (3 * (mode.size() - 1 - i))) & 7));
  return "mode " + mode + ", owner " + owner_of(status);
}

// A path as a word of a shell.
std::string word(const std::string& path) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.' || c == '_' || c == '-' || c == '+' || c == ',' || c == ':' || c == '@';
  };
  if (!path.starts_with('-') && std::all_of(path.begin(), path.end(), is_plain)) return path;
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

class FileLook {
 public:
  explicit FileLook(Findings& findings) : findings_(findings) {}

  // A secret: a group may read it, the gate's, say.
  void secret(const std::string& path, const Position& at, const std::string& what) {
    const auto status = first_look(path);
    if (!status) return;
    const mode_t open = status->st_mode & (S_IWGRP | S_IRWXO);
    if (open == 0 || !S_ISREG(status->st_mode)) return;
    findings_.warning(at, kFileRule,
                      what + ": others can " + ((open & (S_IWGRP | S_IWOTH)) != 0 ? "write " : "read ") +
                          path + " (" + describe(*status) + "): chmod 600 " + word(path) +
                          ", or 640 for a group that may read it");
  }

  // What anybody may read. A group that may write it may be one of those who look after it.
  void other(const std::string& path, const Position& at) {
    const auto status = first_look(path);
    if (!status || !S_ISREG(status->st_mode) || (status->st_mode & S_IWOTH) == 0) return;
    findings_.warning(at, kFileRule,
                      "others can write " + path + " (" + describe(*status) + "): chmod o-w " + word(path));
  }

  // Events have names of people. The gate's group may do what it wants with them.
  void events(const std::string& path, const Position& at) {
    const auto status = first_look(path);
    if (!status || (status->st_mode & S_IRWXO) == 0) return;
    findings_.warning(at, kFileRule,
                      std::string("audit.spool: others can ") +
                          ((status->st_mode & S_IWOTH) != 0 ? "write " : "read ") + path + " (" +
                          describe(*status) + "): chmod o-rwx " + word(path));
  }

  // As the gate itself demands of the key that it made.
  void made_key(const std::string& path, const Position& at) {
    const auto status = first_look(path);
    if (!status || (status->st_mode & (S_IRWXG | S_IRWXO)) == 0) return;
    findings_.error(at, kFileRule,
                    "audit.spool: the checkpoint key " + path + " can be read by others (" +
                        describe(*status) + "): chmod 600 " + word(path));
  }

  // As the gate itself demands of the key of connect's authority.
  void authority_key(const std::string& path, const Position& at) {
    const auto status = look_at(path);
    if (!status || (status->st_mode & (S_IROTH | S_IWOTH)) == 0) return secret(path, at, "private_key");
    findings_.error(at, kFileRule,
                    "connect.ca: the private key " + path + " can be read by others (" + describe(*status) +
                        "): chmod 600 " + word(path) + ", or 640 for a group that may read it");
  }

  void spool_folder(const std::string& spool, const Position& at) {
    const std::string folder = folder_of(spool);
    const std::string place = "audit.spool: the folder " + folder;
    const auto status = look_at(folder);
    if (!status) {
      if (errno == ENOENT)
        findings_.note(at, kSpoolRule, place + " does not exist: mkdir -m 700 " + word(folder));
      return;
    }
    if (!S_ISDIR(status->st_mode))
      return findings_.note(at, kSpoolRule,
                            "audit.spool: " + folder + " is not a folder: name another place for the spool");
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
      findings_.note(at, kSpoolRule,
                     place + " cannot be written by the user of this command, uid " +
                         std::to_string(::geteuid()) + " (" + describe(*status) +
                         "): run sluice as its owner, or chown it");
  }

  // Who can write a folder can replace what is in it; with the sticky bit, only what is their own.
  void folders(const std::string& path, const Position& at) {
    std::error_code none;
    const std::string behind_links = std::filesystem::canonical(path, none).string();
    for (const std::string& file : {path, behind_links}) {
      if (file.empty()) continue;
      std::filesystem::path folder = std::filesystem::canonical(folder_of(file), none);
      while (!folder.empty() && seen_folders_.insert(folder.string()).second) {
        const auto status = look_at(folder.string());
        if (status && (status->st_mode & S_IWOTH) != 0 && (status->st_mode & S_ISVTX) == 0)
          findings_.warning(at, kFolderRule,
                            "others can write the folder " + folder.string() + " (" + describe(*status) +
                                "), and so replace " + path + ": chmod o-w " + word(folder.string()));
        folder = folder == folder.root_path() ? std::filesystem::path() : folder.parent_path();
      }
    }
  }

 private:
  // The file, unless it was looked at before, or is not there.
  std::optional<struct stat> first_look(const std::string& path) {
    if (path.empty() || !seen_.insert(path).second) return std::nullopt;
    return look_at(path);
  }

  static std::string folder_of(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    return folder.empty() ? "." : folder.string();
  }

  Findings& findings_;
  std::set<std::string> seen_, seen_folders_;
};

void look_at_keys(const Config& config, FileLook& look) {
  for (const ListenConfig& listener : config.listen) {
    if (!listener.tls) continue;
    look.secret(listener.tls->private_key, listener.address.at, "private_key");
    for (const CertificateFiles& pair : listener.tls->by_name)
      look.secret(pair.private_key, listener.address.at, "private_key");
  }
  for (const ApiConfig& api : config.apis) look.secret(api.upstream_tls.private_key, api.at, "private_key");
  if (config.connect) look.authority_key(config.connect->ca.private_key, config.connect->at);
}

void look_at_secrets(const Config& config, FileLook& look) {
  const auto one = [&look](const SecretRef& ref, std::string_view what) {
    if (ref.kind == SecretRef::Kind::kFile) look.secret(ref.name, ref.at, std::string(what));
  };
  for_each_secret_ref(config, one);
  if (config.sealed_keys) one(config.sealed_keys->master, "master");  // the store itself: check_sealed_names
}

}  // namespace

void add_file_warnings(const Config& config, Findings& findings) {
  const Position whole{config.file, 0, 0};
  FileLook look(findings);
  look_at_secrets(config, look);
  look_at_keys(config, look);
  look.spool_folder(config.audit.spool, whole);
  for (const char* end : {"", "-wal", "-shm"}) look.events(config.audit.spool + end, whole);
  if (config.audit.checkpoint_key.kind == SecretRef::Kind::kNone)
    look.made_key(config.audit.spool + ".key", whole);
  look.folders(config.audit.spool, whole);
  std::vector<std::string> files = watched_files(config);
  for (const JwtConfig& issuer : config.identity.jwt)
    if (!issuer.jwks.file.empty()) files.push_back(issuer.jwks.file);
  for (const std::string& path : files) {
    look.other(path, whole);
    look.folders(path, whole);
  }
}

}  // namespace sluice
