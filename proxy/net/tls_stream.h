// TlsStream: a ByteStream that speaks TLS over another one. OpenSSL sees memory buffers only; the inner
// stream moves the octets. The steps of a handshake run on the thread pool, as a private key or a chain costs
// milliseconds; what arrives meanwhile is kept. on_connected comes after the handshake; a failed one is
// on_closed with OpenSSL's reason. An end without close_notify is on_closed, not on_end: a cut answer must
// not look whole (RFC 8446 6.1). After set_reading(false) the plain text of what had been read may still
// come, at most 64 KiB. Owner: its StreamPtr; one that is let go while a step runs is freed after it. Thread:
// the loop's, but for work().
#pragma once

#include <string>

#include "proxy/net/byte_stream.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/tls_context.h"

typedef struct ssl_st SSL;
typedef struct bio_st BIO;

namespace sluice {

class TlsStream final : public ByteStream, public Deferred, private StreamObserver, private Work {
 public:
  static StreamPtr accept(EventLoop& loop, const TlsContext& context, StreamPtr inner);
  // The same on a stream that has been in use: `received` are the octets of TLS that came already.
  static StreamPtr accept(EventLoop& loop, std::shared_ptr<const TlsMaterial> material, StreamPtr inner,
                          std::string_view received);
  // `server_name` (a host name or an address) is verified against the certificate; a name is sent as SNI.
  static StreamPtr connect(EventLoop& loop, const TlsContext& context, StreamPtr inner,
                           const std::string& server_name, StreamObserver* observer);

  ~TlsStream() override;
  void set_observer(StreamObserver* observer) override { observer_ = observer; }
  using ByteStream::write;
  void write(std::span<const std::string_view> parts) override;
  size_t unsent() const override;
  void bound_send_buffer(size_t octets) override {
    if (inner_ != nullptr) inner_->bound_send_buffer(octets);
  }
  void set_reading(bool on) override;
  void finish_writing() override;
  bool peer_has_san(std::string_view san) const override;
  bool peer_is_trusted_by(const TlsContext& context) const override;
  std::optional<std::array<uint8_t, 32>> peer_certificate_sha256() const override;

 private:
  // What is pending: octets for the handshake, a step of it (queued or running; `ssl_` and the buffers belong
  // to work() then), the same for nobody any more, octets both ways, or nothing more to read.
  enum class Phase : uint8_t { kShaking, kStepping, kOrphaned, kOpen, kEnded };

  TlsStream(EventLoop& loop, std::shared_ptr<const TlsMaterial> material, StreamPtr inner);
  void release() override;

  void on_connected() override;
  void on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(std::string_view reason) override;
  void work() override;
  void on_worked() override;

  bool connected() const { return phase_ == Phase::kOpen || phase_ == Phase::kEnded; }
  void step();
  void open();
  void keep(std::string_view data);
  void read_plain_text();
  void encrypt(std::string_view data);
  void encrypt_together(std::span<const std::string_view> parts);
  void flush();
  void fail(std::string_view reason);
  void fail_handshake(std::string_view reason);

  EventLoop& loop_;
  std::shared_ptr<const TlsMaterial> material_;
  StreamPtr inner_;  // null once failed or released
  StreamObserver* observer_ = nullptr;
  SSL* ssl_ = nullptr;
  BIO* received_ = nullptr;  // owned by ssl_
  BIO* to_send_ = nullptr;   // owned by ssl_
  Phase phase_ = Phase::kShaking;
  std::string server_name_;   // of an outbound stream
  std::string early_;         // written before the handshake was done
  std::string kept_;          // received during a step
  std::string failure_;       // of the last step; empty: it did not fail
  bool done_ = false;         // the last step was the handshake's end
  bool inner_ended_ = false;  // during a step
  bool reading_ = true;       // as the observer wants it
};

}  // namespace sluice
