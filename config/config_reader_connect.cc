// The `connect` block of a configuration.
#include "config/config_parts.h"
#include "config/connect_hosts.h"

namespace sluice {
namespace {

ConnectCa read_ca(const Value& value, const ReadContext& context) {
  ConnectCa ca;
  MapReader map(value, "ca", context.findings);
  read_required_path(map, "certificate", ca.certificate, context);
  read_required_path(map, "private_key", ca.private_key, context);
  map.finish();
  return ca;
}

}  // namespace

ConnectConfig read_connect(const Value& value, const ReadContext& context) {
  ConnectConfig connect;
  connect.at = value.at;
  MapReader map(value, "connect", context.findings);
  if (const Value* address = map.required("address")) read_address(*address, connect.address, context);
  if (const Value* ca = map.required("ca")) connect.ca = read_ca(*ca, context);
  map.choice("proxy_authorization",
             {{"optional", ProxyAuthorization::kOptional}, {"required", ProxyAuthorization::kRequired}},
             connect.proxy_authorization);
  map.finish();
  return connect;
}

void check_connect(const Config& config, const ReadContext& context) {
  if (!config.connect) return;
  for (const ConnectHost& host : connect_hosts(config.apis).ambiguous) {
    context.findings.warning(config.connect->at, "ambiguous-host",
                             "connect: " + host.host + ":" + std::to_string(host.port) +
                                 " would mean several APIs, one of them " + config.apis[host.api].name +
                                 ", so it is refused: name it under `hosts` of the one that it means");
  }
}

}  // namespace sluice
