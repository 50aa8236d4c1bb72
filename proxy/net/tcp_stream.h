// TcpStream: a ByteStream over one TCP connection or unix socket. Writes go out at once with uv_try_write;
// what the socket does not take is copied and sent with uv_write. Owner: its StreamPtr; the memory is freed
// by the uv close callback. Thread: the loop's.
#pragma once

#include <string>

#include "config/ip.h"
#include "proxy/net/byte_stream.h"
#include "proxy/net/event_loop.h"

namespace sluice {

class TcpStream final : public ByteStream {
 public:
  // Connects; on_connected or on_closed follows, never before this returns. nullptr: no resources, errno says
  // which.
  static StreamPtr connect(EventLoop& loop, const IpAddress& address, uint16_t port);
  // Takes a connection from a listening handle; nullptr when that fails. Reading starts at once.
  static TcpStream* accept(EventLoop& loop, uv_stream_t* listener);

  void set_observer(StreamObserver* observer) override { observer_ = observer; }
  using ByteStream::write;
  void write(std::span<const std::string_view> parts) override;
  size_t unsent() const override { return handle_.stream.write_queue_size + waiting_.size(); }
  void bound_send_buffer(size_t octets) override;
  void set_reading(bool on) override;
  void finish_writing() override;

  // The peer's address; 127.0.0.1 for a unix socket.
  const IpAddress& peer() const { return peer_; }

 private:
  explicit TcpStream(EventLoop& loop) : loop_(loop) {}
  ~TcpStream() override = default;
  void release() override;

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }
  void close_handle();
  void fail(std::string_view reason);
  void start_reading();
  void on_read(ssize_t count, const uv_buf_t* buffer);
  size_t write_at_once(std::span<const std::string_view> parts);
  void send_waiting();
  void on_sent(int status);

  EventLoop& loop_;
  StreamObserver* observer_ = nullptr;
  union {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } handle_{};
  uv_connect_t connect_request_{};
  uv_write_t write_request_{};
  uv_shutdown_t shutdown_request_{};
  std::string sending_;  // given to uv_write
  std::string waiting_;  // to be sent after that
  IpAddress peer_;
  bool connected_ = false;
  bool reading_wanted_ = true;
  bool reading_ = false;
  bool finish_wanted_ = false;
  bool closed_ = false;         // uv_close was called
  bool handle_closed_ = false;  // its callback has run
  bool released_ = false;       // the owner has let go; freed once both hold
};

}  // namespace sluice
