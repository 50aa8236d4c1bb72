// TlsStream: a ByteStream that speaks TLS over another one. OpenSSL sees memory buffers only; the inner
// stream moves the octets. on_connected comes after the handshake; a failed one is on_closed with OpenSSL's
// reason. An end without close_notify is on_closed, not on_end: a cut answer must not look whole (RFC
// 8446 6.1). After set_reading(false) the plain text of what had been read may still come, at most 64 KiB.
// Owner: its StreamPtr. Thread: the loop's.
#pragma once

#include <string>

#include "proxy/net/byte_stream.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/tls_context.h"

typedef struct ssl_st SSL;
typedef struct bio_st BIO;

namespace sluice {

class TlsStream final : public ByteStream, public Deferred, private StreamObserver {
 public:
  static StreamPtr accept(EventLoop& loop, const TlsContext& context, StreamPtr inner);
  // `server_name` (a host name or an address) is verified against the certificate; a name is sent as SNI.
  static StreamPtr connect(EventLoop& loop, const TlsContext& context, StreamPtr inner,
                           const std::string& server_name, StreamObserver* observer);

  ~TlsStream() override;
  void set_observer(StreamObserver* observer) override { observer_ = observer; }
  using ByteStream::write;
  void write(std::span<const std::string_view> parts) override;
  size_t unsent() const override;
  void set_reading(bool on) override;
  void finish_writing() override;
  bool peer_has_san(std::string_view san) const override;

 private:
  TlsStream(EventLoop& loop, const TlsContext& context, StreamPtr inner);
  void release() override;

  void on_connected() override;
  void on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(std::string_view reason) override;

  void handshake();
  void read_plain_text();
  void encrypt(std::string_view data);
  void flush();
  void fail(std::string_view reason);

  EventLoop& loop_;
  StreamPtr inner_;  // null once failed or released
  StreamObserver* observer_ = nullptr;
  SSL* ssl_ = nullptr;
  BIO* received_ = nullptr;  // owned by ssl_
  BIO* to_send_ = nullptr;   // owned by ssl_
  std::string early_;        // written before the handshake was done
  bool connected_ = false;
  bool ended_ = false;
};

}  // namespace sluice
