#include "proxy/net/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/address.h"
#include "proxy/net/passed_sockets.h"
#include "proxy/net/tcp_stream.h"
#include "proxy/net/tls_stream.h"

namespace sluice {

namespace {

constexpr int kBacklog = 4096;

Error failed(const Address& address, std::string_view what, int status) {
  return Error{"cannot listen on " + to_text(address) + ": " + std::string(what) + ": " +
               uv_strerror(status)};
}

// A socket file that nobody listens on is left from a former process; one that answers is in use.
bool remove_stale_socket(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (probe < 0 || path.size() >= sizeof name.sun_path) return false;
  path.copy(name.sun_path, path.size());
  const bool answered = ::connect(probe, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  ::close(probe);
  return !answered && ::unlink(path.c_str()) == 0;
}

}  // namespace

struct Listener::Socket {
  union {
    uv_handle_t any;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle{};
  EventLoop* loop = nullptr;
  std::shared_ptr<const TlsContext> tls;
  Handler handler;

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle); }

  int bind_tcp(const Address& address, bool shares) {
    sockaddr_storage name{};
    const bool v6 = address.host.find(':') != std::string::npos;
    int status = v6 ? uv_ip6_addr(address.host.c_str(), address.port, reinterpret_cast<sockaddr_in6*>(&name))
                    : uv_ip4_addr(address.host.c_str(), address.port, reinterpret_cast<sockaddr_in*>(&name));
    if (status != 0) return status;
    status = uv_tcp_init_ex(loop->uv(), &handle.tcp, v6 ? AF_INET6 : AF_INET);
    if (status != 0) return status;
    handle.any.data = this;
    uv_os_fd_t descriptor = -1;
    uv_fileno(&handle.any, &descriptor);
    const int on = 1;
    if (shares) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    return uv_tcp_bind(&handle.tcp, reinterpret_cast<sockaddr*>(&name), 0);
  }

  int bind_unix(const std::string& path) {
    uv_pipe_init(loop->uv(), &handle.pipe, 0);
    handle.any.data = this;
    int status = uv_pipe_bind(&handle.pipe, path.c_str());
    if (status == UV_EADDRINUSE && remove_stale_socket(path))
      status = uv_pipe_bind(&handle.pipe, path.c_str());
    return status;
  }

  // Takes the descriptor over.
  int open_passed(int descriptor, bool tcp) {
    int status = tcp ? uv_tcp_init(loop->uv(), &handle.tcp) : uv_pipe_init(loop->uv(), &handle.pipe, 0);
    if (status == 0) {
      handle.any.data = this;
      status = tcp ? uv_tcp_open(&handle.tcp, descriptor) : uv_pipe_open(&handle.pipe, descriptor);
    }
    if (status != 0) ::close(descriptor);
    return status;
  }

  void close() {
    uv_close(&handle.any, [](uv_handle_t* closed) { delete static_cast<Socket*>(closed->data); });
  }

  void accept() {
    TcpStream* connection = TcpStream::accept(*loop, stream());
    if (connection == nullptr) return;
    const IpAddress peer = connection->peer();
    StreamPtr stream_ptr(connection);
    if (tls != nullptr) stream_ptr = TlsStream::accept(*loop, *tls, std::move(stream_ptr));
    if (stream_ptr != nullptr) handler({std::move(stream_ptr), peer});
  }
};

Result<std::unique_ptr<Listener>> Listener::open(EventLoop& loop, const Address& address, PortUse use,
                                                 std::shared_ptr<const TlsContext> tls, Handler handler) {
  const Result<int> passed = passed_sockets().duplicate(address);
  if (!passed) return Error{"cannot listen on " + to_text(address) + ": " + passed.error().message};
  auto* socket = new Socket;
  socket->loop = &loop;
  socket->tls = std::move(tls);
  socket->handler = std::move(handler);
  const bool tcp = address.unix_path.empty();
  const bool is_own = *passed < 0;
  int status = !is_own ? socket->open_passed(*passed, tcp)
               : tcp   ? socket->bind_tcp(address, use == PortUse::kShared)
                       : socket->bind_unix(address.unix_path);
  if (status != 0 && socket->handle.any.data == nullptr) {
    delete socket;
    return failed(address, "not an address of this machine", status);
  }
  if (status == 0) {
    status = uv_listen(socket->stream(), kBacklog, [](uv_stream_t* handle, int error) {
      if (error == 0) static_cast<Socket*>(handle->data)->accept();
    });
  }
  if (status != 0) {
    socket->close();
    return failed(address, "bind", status);
  }
  auto listener = std::unique_ptr<Listener>(new Listener);
  listener->socket_ = socket;
  if (!tcp) {
    if (is_own) listener->unix_path_ = address.unix_path;
    listener->address_ = "unix:" + address.unix_path;
    return listener;
  }
  sockaddr_storage name{};
  int size = sizeof name;
  uv_tcp_getsockname(&socket->handle.tcp, reinterpret_cast<sockaddr*>(&name), &size);
  listener->port_ = ntohs(name.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&name)->sin_port
                                                    : reinterpret_cast<sockaddr_in6*>(&name)->sin6_port);
  const bool v6 = address.host.find(':') != std::string::npos;
  listener->address_ = (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(listener->port_);
  return listener;
}

void Listener::set_tls(std::shared_ptr<const TlsContext> tls) { socket_->tls = std::move(tls); }

Listener::~Listener() {
  if (socket_ != nullptr) socket_->close();
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

}  // namespace sluice
