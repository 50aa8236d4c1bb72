#include "config/config_parts.h"

#include <algorithm>
#include <array>
#include <set>

#include "config/address.h"
#include "config/ascii.h"
#include "config/variables.h"
#include "config/yaml_reader.h"

namespace sluice {
namespace {

constexpr std::string_view kSecretForms =
    "use { env: NAME }, { file: PATH }, { sealed: NAME } or { vault: PATH#KEY }";
const std::vector<std::string> kSecretKeys = {"env", "file", "sealed", "vault"};

std::string_view forms_of(SecretPlaces places) {
  switch (places) {
    case SecretPlaces::kAny: break;
    case SecretPlaces::kNotVault: return "use { env: NAME }, { file: PATH } or { sealed: NAME }";
    case SecretPlaces::kOpen: return "use { env: NAME } or { file: PATH }";
  }
  return kSecretForms;
}

bool is_allowed(SecretRef::Kind kind, SecretPlaces places) {
  if (kind == SecretRef::Kind::kVault) return places == SecretPlaces::kAny;
  return kind != SecretRef::Kind::kSealed || places != SecretPlaces::kOpen;
}

std::optional<SecretRef::Kind> kind_of(std::string_view key) {
  if (key == "env") return SecretRef::Kind::kEnv;
  if (key == "file") return SecretRef::Kind::kFile;
  if (key == "sealed") return SecretRef::Kind::kSealed;
  if (key == "vault") return SecretRef::Kind::kVault;
  return std::nullopt;
}

// What is wrong with a name of that kind, or nothing.
std::string_view wrong_name(SecretRef::Kind kind, std::string_view name) {
  if (kind == SecretRef::Kind::kEnv && !is_variable_name(name))
    return "env must be the name of an environment variable: letters, digits and _";
  if (kind == SecretRef::Kind::kSealed && !is_name(name))
    return "sealed must be a name: letters, digits, ., _ and -, starting with a letter or a digit";
  if (kind == SecretRef::Kind::kVault && !is_vault_name(name))
    return "vault must be MOUNT/data/PATH#KEY of a KV version 2 engine, as in secret/data/push#full";
  return {};
}

void check_path(const Value& value, std::string_view key, std::string& out, const ReadContext& context) {
  auto text = read_text(value, key, context.findings);
  if (!text) return;
  if (text->empty()) {
    context.findings.error(value.at, "invalid-value",
                           std::string(key) + ": expected a path, got an empty text");
    return;
  }
  out = resolve_path(context.file, *text);
}

}  // namespace

SecretRef read_secret_ref(const Value& value, std::string_view what, const ReadContext& context,
                          SecretPlaces places) {
  const std::string forms(forms_of(places));
  SecretRef ref;
  ref.at = value.at;
  const std::string place = std::string(what) + ": ";
  auto refuse = [&](const Position& at, std::string_view rule, const std::string& message) {
    context.findings.error(at, rule, place + message);
    return SecretRef{SecretRef::Kind::kNone, "", value.at};
  };
  if (value.reported) return ref;
  if (value.is_scalar()) {
    return refuse(value.at, "literal-secret", "a secret must not be written here, " + forms);
  }
  if (!value.is_map() || value.entries.size() != 1) {
    return refuse(value.at, "wrong-type", "expected one place of a secret, " + forms);
  }
  const auto& [key, source] = value.entries.front();
  const auto kind = kind_of(key.text);
  if (!kind || !is_allowed(*kind, places)) {
    std::string hint = kind ? "" : suggestion(key.text, kSecretKeys);
    if (hint.empty()) hint = ", " + forms;
    return refuse(key.at, "unknown-key", "unknown place of a secret" + hint);
  }
  if (!source.is_scalar() || source.text.empty()) {
    return refuse(source.at, "wrong-type", key.text + " must be a text, " + forms);
  }
  if (source.text.find("${") != std::string::npos) {
    return refuse(source.at, "invalid-value", "${NAME} is not replaced in a secret, " + forms);
  }
  if (const std::string_view wrong = wrong_name(*kind, source.text); !wrong.empty()) {
    return refuse(source.at, "invalid-value", std::string(wrong));
  }
  ref.kind = *kind;
  ref.name = *kind == SecretRef::Kind::kFile ? resolve_path(context.file, source.text) : source.text;
  return ref;
}

std::vector<SecretRef> read_secret_refs(const Value& value, std::string_view what,
                                        const ReadContext& context) {
  if (!value.is_list()) return {read_secret_ref(value, what, context)};
  std::vector<SecretRef> refs;
  for (const Value& item : value.items) refs.push_back(read_secret_ref(item, what, context));
  if (refs.empty()) {
    context.findings.error(value.at, "invalid-value",
                           std::string(what) + ": the list is empty, " + std::string(kSecretForms));
  }
  return refs;
}

std::vector<std::pair<std::string, SecretRef>> read_secret_headers(const Value& value,
                                                                   std::span<const std::string_view> ours,
                                                                   const ReadContext& context) {
  const MapReader map(value, "headers", context.findings);
  std::vector<std::pair<std::string, SecretRef>> headers;
  std::set<std::string> seen;
  for (const auto& [key, source] : value.entries) {
    if (!check_header_name(key, key.text, context)) continue;
    const std::string name = to_lower(key.text);
    if (std::find(ours.begin(), ours.end(), name) != ours.end()) {
      context.findings.error(key.at, "invalid-value", "headers: " + key.text + " is set by the gate itself");
      continue;
    }
    if (!seen.insert(name).second) {
      context.findings.error(key.at, "duplicate-key", "headers: " + key.text + " is given twice");
      continue;
    }
    headers.emplace_back(key.text, read_secret_ref(source, key.text, context));
  }
  return headers;
}

void read_authorities(MapReader& map, std::string& out, const ReadContext& context) {
  const Value* tls = map.optional("tls");
  if (tls == nullptr) return;
  MapReader tls_map(*tls, "tls", context.findings);
  read_path(tls_map, "ca", out, context);
  tls_map.finish();
}

void read_address(const Value& value, Address& out, const ReadContext& context) {
  auto text = read_text(value, "address", context.findings);
  if (!text) return;
  auto address = parse_address(*text);
  if (address && !address->unix_path.empty()) {
    address = parse_address("unix:" + resolve_path(context.file, address->unix_path));
  }
  if (!address) {
    context.findings.error(value.at, "invalid-value", "address: " + address.error().message);
    return;
  }
  out = std::move(*address);
  out.at = value.at;
}

void read_path(MapReader& map, std::string_view key, std::string& out, const ReadContext& context) {
  if (const Value* value = map.optional(key)) check_path(*value, key, out, context);
}

void read_required_path(MapReader& map, std::string_view key, std::string& out, const ReadContext& context) {
  if (const Value* value = map.required(key)) check_path(*value, key, out, context);
}

std::vector<std::string> read_hosts(const Value& value, std::string_view what, const ReadContext& context,
                                    HostOwners* owners, const std::string& owner) {
  std::vector<std::string> hosts;
  for (const Value* scalar : read_scalars(value, what, context.findings)) {
    const std::string place = std::string(what) + ": ";
    if (!is_host(scalar->text)) {
      context.findings.error(
          scalar->at, "invalid-value",
          place + "\"" + scalar->text + "\" is not a host name (without port) or an IPv4 address");
      continue;
    }
    std::string host = to_lower(scalar->text);
    if (owners != nullptr) {
      auto [earlier, is_new] = owners->emplace(host, owner);
      if (!is_new) {
        context.findings.error(scalar->at, "duplicate-host",
                               place + host + " already means the API " + earlier->second);
        continue;
      }
    }
    hosts.push_back(std::move(host));
  }
  return hosts;
}

bool is_name(std::string_view text) {
  return !text.empty() && is_alphanumeric(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
  });
}

bool check_header_name(const Value& value, std::string_view name, const ReadContext& context) {
  constexpr std::array<std::string_view, 7> kFraming = {
      "host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade"};
  if (!is_token(name)) {
    context.findings.error(value.at, "invalid-value", "\"" + std::string(name) + "\" is not a header name");
    return false;
  }
  if (std::find(kFraming.begin(), kFraming.end(), to_lower(name)) != kFraming.end()) {
    context.findings.error(value.at, "invalid-value",
                           "header " + std::string(name) + " frames the message and cannot carry a secret");
    return false;
  }
  return true;
}

}  // namespace sluice
