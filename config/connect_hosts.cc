#include "config/connect_hosts.h"

#include <algorithm>

#include "config/ascii.h"

namespace sluice {
namespace {

constexpr uint16_t kHttps = 443;

bool same_place(const ConnectHost& one, const ConnectHost& other) {
  return one.host == other.host && one.port == other.port;
}

bool holds(const std::vector<ConnectHost>& hosts, const ConnectHost& sought) {
  return std::any_of(hosts.begin(), hosts.end(),
                     [&sought](const ConnectHost& host) { return same_place(host, sought); });
}

// Enters claims of equal weight. One that an earlier weight has decided is not asked again.
void enter(const std::vector<ConnectHost>& claims, bool reports, ConnectHosts& out) {
  std::vector<ConnectHost> made;
  std::vector<ConnectHost> disputed;
  for (const ConnectHost& claim : claims) {
    if (holds(out.hosts, claim) || holds(out.ambiguous, claim)) continue;
    const auto earlier = std::find_if(made.begin(), made.end(),
                                      [&claim](const ConnectHost& host) { return same_place(host, claim); });
    if (earlier == made.end()) {
      made.push_back(claim);
    } else if (earlier->api != claim.api && !holds(disputed, claim)) {
      disputed.push_back(claim);
    }
  }
  for (const ConnectHost& host : made) {
    if (!holds(disputed, host)) out.hosts.push_back(host);
  }
  if (reports) out.ambiguous.insert(out.ambiguous.end(), disputed.begin(), disputed.end());
}

}  // namespace

ConnectHosts connect_hosts(const std::vector<ApiConfig>& apis) {
  std::vector<ConnectHost> named;    // in `hosts`
  std::vector<ConnectHost> written;  // as the vendor's URL or certificate has it
  std::vector<ConnectHost> derived;
  for (size_t i = 0; i < apis.size(); ++i) {
    const UpstreamUrl& upstream = apis[i].upstream;
    for (const std::string& host : apis[i].hosts) {
      named.push_back({host, kHttps, i, false});
      derived.push_back({host, upstream.port, i, false});
    }
    if (upstream.host.empty()) continue;
    written.push_back({upstream.host, upstream.port, i});
    derived.push_back({upstream.host, kHttps, i});
    const std::string server_name = to_lower(apis[i].upstream_tls.server_name);
    if (server_name.empty()) continue;
    written.push_back({server_name, kHttps, i});
    derived.push_back({server_name, upstream.port, i});
  }
  ConnectHosts out;
  enter(named, true, out);
  enter(written, true, out);
  enter(derived, false, out);
  return out;
}

}  // namespace sluice
