// The worker's share of the `connect` listener.
#include "proxy/gate/downstream.h"
#include "proxy/gate/tunnel.h"
#include "proxy/gate/worker.h"

namespace sluice {

void Worker::adopt_tunnel(StreamPtr stream, const IpAddress& peer, std::shared_ptr<Port> port) {
  if (!count_in(peer, *port)) return stream->write(too_many_connections());
  auto tunnel = std::make_unique<Tunnel>(*this, std::move(stream), peer, std::move(port));
  Tunnel* key = tunnel.get();
  tunnels_.emplace(key, std::move(tunnel));
}

// It is counted already.
void Worker::open_tunnel(Tunnel& tunnel, StreamPtr stream, std::unique_ptr<const Tunnelled> tunnelled) {
  auto connection = std::make_unique<Downstream>(*this, std::move(stream), tunnel.peer(), tunnel.port(),
                                                 std::move(tunnelled));
  Downstream* key = connection.get();
  connections_.emplace(key, std::move(connection));
  if (tunnel.draining()) key->drain();
  forget(tunnel);
}

void Worker::remove(Tunnel& tunnel) {
  count_out(tunnel.peer(), *tunnel.port());
  forget(tunnel);
  if (draining_) end_when_idle();
}

void Worker::forget(Tunnel& tunnel) {
  const auto found = tunnels_.find(&tunnel);
  loop_.destroy_later(std::move(found->second));
  tunnels_.erase(found);
}

void Worker::drain_tunnels(const Port* port) {
  for (const auto& [key, tunnel] : tunnels_)
    if (port == nullptr || tunnel->port().get() == port) tunnel->drain();
}

void Worker::shut_down_tunnels() {
  std::vector<Tunnel*> left;
  for (const auto& [key, tunnel] : tunnels_) left.push_back(key);
  for (Tunnel* tunnel : left) tunnel->shut_down();
}

}  // namespace sluice
