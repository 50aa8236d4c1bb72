#include "proxy/gate/connecting.h"

#include <chrono>

#include "proxy/log.h"

namespace sluice {

Result<Connecting> make_connecting(const Config& config, const Connecting* before) {
  Connecting made;
  made.hosts = connect_hosts(config.apis).hosts;
  std::vector<std::string> names;
  for (const ConnectHost& host : made.hosts) names.push_back(host.host);
  if (before != nullptr && before->issuer->is_current(*config.connect, names)) {
    made.issuer = before->issuer;
    return made;
  }
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  auto issuer = TlsIssuer::make(*config.connect, names, now);
  if (!issuer) return issuer.error();
  made.issuer = std::move(*issuer);
  for (const TlsIssuer::Uncertified& host : made.issuer->uncertified())
    log_warning("connect: a host that cannot be certified", {{"host", host.host}, {"reason", host.why}});
  return made;
}

}  // namespace sluice
