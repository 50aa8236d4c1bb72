#include "proxy/net/tcp_stream.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "config/wipe.h"

namespace sluice {

namespace {

// Scatter-gather parts of one write; heads and a body never need more.
constexpr size_t kMaxParts = 8;

sockaddr_storage to_sockaddr(const IpAddress& address, uint16_t port) {
  sockaddr_storage storage{};
  if (address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    std::memcpy(&v4->sin_addr, address.octets.data() + 12, 4);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    std::memcpy(&v6->sin6_addr, address.octets.data(), 16);
  }
  return storage;
}

IpAddress mapped_v4(const void* four_octets) {
  IpAddress address;
  address.octets[10] = address.octets[11] = 0xff;
  std::memcpy(address.octets.data() + 12, four_octets, 4);
  return address;
}

IpAddress peer_of(const uv_tcp_t* handle) {
  sockaddr_storage storage{};
  int size = sizeof storage;
  if (uv_tcp_getpeername(handle, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  if (storage.ss_family == AF_INET) return mapped_v4(&reinterpret_cast<sockaddr_in*>(&storage)->sin_addr);
  IpAddress address;
  std::memcpy(address.octets.data(), &reinterpret_cast<sockaddr_in6*>(&storage)->sin6_addr, 16);
  return address;
}

TcpStream* self(const void* data) { return static_cast<TcpStream*>(const_cast<void*>(data)); }

}  // namespace

StreamPtr TcpStream::connect(EventLoop& loop, const IpAddress& address, uint16_t port) {
  auto* made = new TcpStream(loop);
  StreamPtr stream(made);
  uv_tcp_init(loop.uv(), &made->handle_.tcp);
  made->handle_.any.data = made;
  uv_tcp_nodelay(&made->handle_.tcp, 1);
  made->peer_ = address;
  const sockaddr_storage storage = to_sockaddr(address, port);
  made->connect_request_.data = made;
  // libuv reports failures such as ECONNREFUSED in the callback; what it returns here is a lack of resources.
  const int status =
      uv_tcp_connect(&made->connect_request_, &made->handle_.tcp, reinterpret_cast<const sockaddr*>(&storage),
                     [](uv_connect_t* request, int error) {
                       TcpStream* connecting = self(request->data);
                       if (connecting->closed_) return;
                       if (error != 0) return connecting->fail(uv_strerror(error));
                       connecting->connected_ = true;
                       connecting->start_reading();
                       if (connecting->observer_ != nullptr) connecting->observer_->on_connected();
                     });
  if (status == 0) return stream;
  stream.reset();
  errno = -status;
  return nullptr;
}

TcpStream* TcpStream::accept(EventLoop& loop, uv_stream_t* listener) {
  auto* made = new TcpStream(loop);
  const bool is_tcp = listener->type == UV_TCP;
  if (is_tcp) {
    uv_tcp_init(loop.uv(), &made->handle_.tcp);
  } else {
    uv_pipe_init(loop.uv(), &made->handle_.pipe, 0);
  }
  made->handle_.any.data = made;
  if (uv_accept(listener, made->stream()) != 0) {
    made->release();
    return nullptr;
  }
  if (is_tcp) {
    uv_tcp_nodelay(&made->handle_.tcp, 1);
    made->peer_ = peer_of(&made->handle_.tcp);
  } else {
    constexpr std::array<uint8_t, 4> kLoopback{127, 0, 0, 1};
    made->peer_ = mapped_v4(kLoopback.data());
  }
  made->connected_ = true;
  made->start_reading();
  return made;
}

void TcpStream::start_reading() {
  if (closed_ || reading_ || !connected_ || !reading_wanted_) return;
  reading_ = true;
  uv_read_start(
      stream(),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        const std::span<char> scratch = self(handle->data)->loop_.scratch();
        *buffer = uv_buf_init(scratch.data(), static_cast<unsigned>(scratch.size()));
      },
      [](uv_stream_t* handle, ssize_t count, const uv_buf_t* buffer) {
        self(handle->data)->on_read(count, buffer);
      });
}

void TcpStream::on_read(ssize_t count, const uv_buf_t* buffer) {
  if (count == 0 || closed_ || observer_ == nullptr) return;
  if (count > 0) {
    // Whoever is told may let go of this; the octets are the loop's.
    const std::span<char> octets(buffer->base, static_cast<size_t>(count));
    observer_->on_data({octets.data(), octets.size()});
    return wipe(octets.data(), octets.size());
  }
  if (count != UV_EOF) return fail(uv_strerror(static_cast<int>(count)));
  reading_ = reading_wanted_ = false;
  uv_read_stop(stream());
  observer_->on_end();
}

void TcpStream::set_reading(bool on) {
  reading_wanted_ = on;
  if (closed_) return;
  if (on) return start_reading();
  if (!reading_) return;
  reading_ = false;
  uv_read_stop(stream());
}

void TcpStream::bound_send_buffer(size_t octets) {
  int size = static_cast<int>(octets);
  if (!closed_) uv_send_buffer_size(&handle_.any, &size);
}

void TcpStream::write(std::span<const std::string_view> parts) {
  if (closed_ || finish_wanted_) return;
  size_t skip = unsent() == 0 && connected_ ? write_at_once(parts) : 0;
  for (const std::string_view part : parts) {
    const size_t sent = std::min(skip, part.size());
    waiting_.append(part.substr(sent));
    skip -= sent;
  }
  if (!waiting_.empty()) send_waiting();
}

// How many octets the socket took. An error shows again, and is reported, when the rest is written.
size_t TcpStream::write_at_once(std::span<const std::string_view> parts) {
  size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  if (size == 0) return 0;
  // A small message in one piece: copying it costs less than the kernel's look at a list of pieces.
  std::array<char, 2048> whole;
  if (size <= whole.size()) {
    char* end = whole.data();
    for (const std::string_view part : parts) end = std::copy(part.begin(), part.end(), end);
    const uv_buf_t buffer = uv_buf_init(whole.data(), static_cast<unsigned>(size));
    const int sent = uv_try_write(stream(), &buffer, 1);
    wipe(whole.data(), size);  // a vendor's key may be in it
    return static_cast<size_t>(std::max(0, sent));
  }
  std::array<uv_buf_t, kMaxParts> buffers;
  const size_t count = std::min(parts.size(), kMaxParts);
  for (size_t i = 0; i < count; ++i) {
    buffers[i] = uv_buf_init(const_cast<char*>(parts[i].data()), static_cast<unsigned>(parts[i].size()));
  }
  return static_cast<size_t>(
      std::max(0, uv_try_write(stream(), buffers.data(), static_cast<unsigned>(count))));
}

void TcpStream::send_waiting() {
  if (closed_ || !connected_ || !sending_.empty() || waiting_.empty()) return;
  sending_.swap(waiting_);
  const uv_buf_t buffer = uv_buf_init(sending_.data(), static_cast<unsigned>(sending_.size()));
  write_request_.data = this;
  uv_write(&write_request_, stream(), &buffer, 1,
           [](uv_write_t* request, int status) { self(request->data)->on_sent(status); });
}

void TcpStream::on_sent(int status) {
  if (closed_) return;
  if (status != 0) return fail(uv_strerror(status));
  wipe(sending_);
  if (!waiting_.empty()) return send_waiting();
  if (finish_wanted_) {
    finish_wanted_ = false;
    finish_writing();
  }
  if (observer_ != nullptr) observer_->on_drained();
}

void TcpStream::finish_writing() {
  if (closed_ || finish_wanted_) return;
  finish_wanted_ = true;
  if (unsent() == 0 && connected_) uv_shutdown(&shutdown_request_, stream(), [](uv_shutdown_t*, int) {});
}

void TcpStream::fail(std::string_view reason) {
  StreamObserver* observer = observer_;
  observer_ = nullptr;
  close_handle();
  if (observer != nullptr) observer->on_closed(reason);
}

void TcpStream::close_handle() {
  if (closed_) return;
  closed_ = true;
  // Freed when both the handle is closed and the owner has let go.
  uv_close(&handle_.any, [](uv_handle_t* handle) {
    TcpStream* stream = self(handle->data);
    stream->handle_closed_ = true;
    if (stream->released_) delete stream;
  });
}

void TcpStream::release() {
  observer_ = nullptr;
  released_ = true;
  if (handle_closed_) {
    delete this;
    return;
  }
  close_handle();
}

}  // namespace sluice
