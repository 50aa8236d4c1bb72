// ByteStream: one connection as octets both ways, and the seam at which tests put memory streams.
// Implementations: TcpStream, TlsStream, and tests' MemoryStream.
// Owner: a StreamPtr. Resetting it closes the connection and silences the observer; the memory lives on until
// libuv has closed the handle. Thread: the loop's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/ip.h"

namespace sluice {

class StreamObserver {
 public:
  // An outbound connection is up, or an inbound TLS handshake is done.
  virtual void on_connected() {}
  // `data` is valid during the call only.
  virtual void on_data(std::string_view data) = 0;
  // The peer will send nothing more; it may still read.
  virtual void on_end() = 0;
  // unsent() has come down to 0 after a write that could not go out at once.
  virtual void on_drained() = 0;
  // The connection is gone: peer, network or TLS. Last call; not made for a StreamPtr that was reset.
  // `reason` is for logs: lower case, no secret.
  virtual void on_closed(std::string_view reason) = 0;

 protected:
  ~StreamObserver() = default;
};

class TlsContext;

class ByteStream {
 public:
  virtual void set_observer(StreamObserver* observer) = 0;
  // Sends what the socket takes at once and keeps a copy of the rest. No-op once closed.
  virtual void write(std::span<const std::string_view> parts) = 0;
  void write(std::string_view data) { write(std::span(&data, 1)); }
  // Octets that write() has kept.
  virtual size_t unsent() const = 0;
  // Beside them the system keeps some megabytes for a peer that takes nothing; about so much from now on.
  virtual void bound_send_buffer(size_t) {}
  // Reading is on at first. Turn it off above a high-water mark only; each change costs an epoll_ctl.
  virtual void set_reading(bool on) = 0;
  // Sends what is kept, then the end of the stream.
  virtual void finish_writing() = 0;
  // Whether the peer proved this subject alternative name by a verified certificate.
  virtual bool peer_has_san(std::string_view) const { return false; }
  // Whether a listener with this TLS would let the peer in by the certificate that it has shown; true before
  // it is connected.
  virtual bool peer_is_trusted_by(const TlsContext&) const { return true; }
  // The SHA-256 of the DER of the peer's verified certificate.
  virtual std::optional<std::array<uint8_t, 32>> peer_certificate_sha256() const { return std::nullopt; }

 protected:
  friend struct StreamCloser;
  virtual ~ByteStream() = default;
  // Closes, forgets the observer, and frees itself when that is safe.
  virtual void release() = 0;
};

struct StreamCloser {
  void operator()(ByteStream* stream) const { stream->release(); }
};
using StreamPtr = std::unique_ptr<ByteStream, StreamCloser>;

}  // namespace sluice
