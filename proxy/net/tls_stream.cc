#include "proxy/net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "config/wipe.h"

namespace sluice {

namespace {

constexpr size_t kRecord = 16 * 1024;   // the most that one TLS record holds (RFC 8446 5.1)
constexpr size_t kMaxKept = 16 * 1024;  // received during a step, beyond which the peer has to wait

// The reason of this thread's last error.
std::string error_text(const char* otherwise) {
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  std::string reason = text != nullptr ? text : otherwise;
  ERR_clear_error();
  return reason;
}

// Why a handshake has failed, by this thread's errors and the verification.
std::string handshake_failure(const SSL* ssl) {
  const long verified = SSL_get_verify_result(ssl);
  if (verified == X509_V_OK) return "tls handshake failed: " + error_text("the peer broke it off");
  ERR_clear_error();
  return std::string("tls handshake failed: ") + X509_verify_cert_error_string(verified);
}

}  // namespace

TlsStream::TlsStream(EventLoop& loop, std::shared_ptr<const TlsMaterial> material, StreamPtr inner)
    : loop_(loop), material_(std::move(material)), inner_(std::move(inner)), ssl_(SSL_new(material_->get())) {
  received_ = BIO_new(BIO_s_mem());
  to_send_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_, received_, to_send_);
  inner_->set_observer(this);
}

// A session stays resumable however its connection ended: what could go wrong by a missing close_notify is
// told by on_closed.
TlsStream::~TlsStream() {
  if (connected()) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

StreamPtr TlsStream::accept(EventLoop& loop, const TlsContext& context, StreamPtr inner) {
  return accept(loop, context.material(), std::move(inner), {});
}

StreamPtr TlsStream::accept(EventLoop& loop, std::shared_ptr<const TlsMaterial> material, StreamPtr inner,
                            std::string_view received) {
  auto* made = new TlsStream(loop, std::move(material), std::move(inner));
  SSL_set_accept_state(made->ssl_);
  if (!received.empty()) made->on_data(received);
  return StreamPtr(made);
}

StreamPtr TlsStream::connect(EventLoop& loop, const TlsContext& context, StreamPtr inner,
                             const std::string& server_name, StreamObserver* observer) {
  auto* made = new TlsStream(loop, context.material(), std::move(inner));
  made->observer_ = observer;
  made->server_name_ = server_name;
  SSL_set_connect_state(made->ssl_);
  X509_VERIFY_PARAM* rules = SSL_get0_param(made->ssl_);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, server_name.c_str()) != 1) {
    ERR_clear_error();
    SSL_set1_host(made->ssl_, server_name.c_str());
    SSL_set_tlsext_host_name(made->ssl_, server_name.c_str());
  }
  made->material_->sessions().offer(made->ssl_, made->server_name_);
  return StreamPtr(made);
}

void TlsStream::on_connected() { step(); }

void TlsStream::on_data(std::string_view data) {
  if (phase_ == Phase::kStepping) return keep(data);
  if (phase_ == Phase::kEnded) return;  // after its close_notify nothing of a peer's counts
  BIO_write(received_, data.data(), static_cast<int>(data.size()));
  if (phase_ == Phase::kShaking) return step();
  read_plain_text();
}

void TlsStream::keep(std::string_view data) {
  kept_.append(data);
  if (kept_.size() > kMaxKept) inner_->set_reading(false);
}

void TlsStream::step() {
  phase_ = Phase::kStepping;
  loop_.work().submit(*this);
}

// Requires: nobody else touches `ssl_` or its buffers. Errors are of this thread, so they are read here.
void TlsStream::work() {
  ERR_clear_error();
  const int status = SSL_do_handshake(ssl_);
  done_ = status == 1;
  if (!done_ && SSL_get_error(ssl_, status) != SSL_ERROR_WANT_READ) failure_ = handshake_failure(ssl_);
  ERR_clear_error();
}

void TlsStream::on_worked() {
  if (phase_ == Phase::kOrphaned) return loop_.destroy_later(std::unique_ptr<Deferred>(this));
  phase_ = done_ ? Phase::kOpen : Phase::kShaking;
  if (inner_ == nullptr) return;  // it has failed meanwhile, and said so
  flush();
  if (!failure_.empty()) return fail_handshake(failure_);
  if (!kept_.empty()) {
    BIO_write(received_, kept_.data(), static_cast<int>(kept_.size()));
    if (kept_.size() > kMaxKept) inner_->set_reading(reading_);
    kept_.clear();
    kept_.shrink_to_fit();
    if (!done_) return step();
  }
  if (done_) open();
  if (inner_ended_ && inner_ != nullptr) on_end();
}

void TlsStream::open() {
  if (!early_.empty()) {
    encrypt(early_);
    early_.clear();
    early_.shrink_to_fit();
    flush();
  }
  if (observer_ != nullptr) observer_->on_connected();
  read_plain_text();
}

// Goes on until nothing whole is left, so that no plain text waits inside OpenSSL. The observer may let go of
// the stream in any call: `observer_` is null then, and the memory lives until this has unwound.
void TlsStream::read_plain_text() {
  std::array<char, kRecord> plain;
  while (observer_ != nullptr && phase_ == Phase::kOpen) {
    ERR_clear_error();
    const int count = SSL_read(ssl_, plain.data(), static_cast<int>(plain.size()));
    if (count > 0) {
      observer_->on_data({plain.data(), static_cast<size_t>(count)});
      wipe(plain.data(), static_cast<size_t>(count));
      if (BIO_pending(received_) == 0 && SSL_has_pending(ssl_) == 0) return flush();
      continue;
    }
    const int error = SSL_get_error(ssl_, count);
    flush();  // alerts and key updates
    if (error == SSL_ERROR_WANT_READ) return;
    if (error != SSL_ERROR_ZERO_RETURN) return fail("tls: " + error_text("broken record"));
    phase_ = Phase::kEnded;
    observer_->on_end();
  }
}

void TlsStream::write(std::span<const std::string_view> parts) {
  if (inner_ == nullptr) return;
  if (!connected()) {
    for (const std::string_view part : parts) early_.append(part);
    return;
  }
  if (parts.size() == 1) {
    encrypt(parts[0]);
  } else {
    encrypt_together(parts);
  }
  flush();
}

// A head and a small body share a record.
void TlsStream::encrypt_together(std::span<const std::string_view> parts) {
  std::array<char, kRecord> record;
  size_t size = 0;
  size_t filled = 0;
  for (std::string_view part : parts) {
    while (!part.empty()) {
      const std::string_view piece = part.substr(0, record.size() - size);
      std::copy(piece.begin(), piece.end(), record.data() + size);
      size += piece.size();
      filled = std::max(filled, size);
      part.remove_prefix(piece.size());
      if (size < record.size()) continue;
      encrypt({record.data(), size});
      size = 0;
    }
  }
  encrypt({record.data(), size});
  wipe(record.data(), filled);
}

void TlsStream::encrypt(std::string_view data) {
  ERR_clear_error();
  while (!data.empty()) {
    const size_t piece = std::min(data.size(), kRecord);
    if (SSL_write(ssl_, data.data(), static_cast<int>(piece)) <= 0) return;  // reported by the next read
    data.remove_prefix(piece);
  }
}

void TlsStream::flush() {
  char* data = nullptr;
  const long count = BIO_get_mem_data(to_send_, &data);
  if (count <= 0 || inner_ == nullptr) return;
  inner_->write(std::string_view(data, static_cast<size_t>(count)));
  (void)BIO_reset(to_send_);
}

size_t TlsStream::unsent() const { return early_.size() + (inner_ != nullptr ? inner_->unsent() : 0); }

void TlsStream::set_reading(bool on) {
  reading_ = on;
  if (inner_ != nullptr && kept_.size() <= kMaxKept) inner_->set_reading(on);
}

void TlsStream::finish_writing() {
  if (inner_ == nullptr) return;
  if (connected()) {
    SSL_shutdown(ssl_);
    flush();
  }
  inner_->finish_writing();
}

bool TlsStream::peer_has_san(std::string_view san) const {
  if (!connected()) return false;
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return false;
  constexpr unsigned kFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;
  return X509_check_host(certificate, san.data(), san.size(), kFlags, nullptr) == 1;
}

bool TlsStream::peer_is_trusted_by(const TlsContext& context) const {
  const auto material = context.material();
  if (material == material_ || !connected()) return true;
  if ((SSL_CTX_get_verify_mode(material->get()) & SSL_VERIFY_PEER) == 0) return true;
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  X509_STORE_CTX* check = X509_STORE_CTX_new();
  const bool trusted = certificate != nullptr && check != nullptr &&
                       X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(material->get()), certificate,
                                           SSL_get_peer_cert_chain(ssl_)) == 1 &&
                       X509_STORE_CTX_set_default(check, "ssl_client") == 1 && X509_verify_cert(check) == 1;
  X509_STORE_CTX_free(check);
  return trusted;
}

std::optional<std::array<uint8_t, 32>> TlsStream::peer_certificate_sha256() const {
  if (!connected()) return std::nullopt;
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return std::nullopt;
  std::array<uint8_t, 32> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1 || size != digest.size())
    return std::nullopt;
  return digest;
}

void TlsStream::on_end() {
  switch (phase_) {
    case Phase::kStepping: inner_ended_ = true; return;
    case Phase::kShaking: ERR_clear_error(); return fail_handshake(handshake_failure(ssl_));
    case Phase::kOpen: return fail("tls: ended without close_notify");
    case Phase::kOrphaned:
    case Phase::kEnded: return;
  }
}

void TlsStream::on_drained() {
  if (connected() && observer_ != nullptr) observer_->on_drained();
}

// A peer that breaks off instead of refusing a session must not be offered it again; one that was not reached
// has not seen it.
void TlsStream::on_closed(std::string_view reason) {
  const bool reached = phase_ == Phase::kStepping || (phase_ == Phase::kShaking && SSL_in_before(ssl_) == 0);
  return reached ? fail_handshake(reason) : fail(reason);
}

void TlsStream::fail_handshake(std::string_view reason) {
  if (!server_name_.empty()) material_->sessions().forget(server_name_);
  fail(reason);
}

void TlsStream::fail(std::string_view reason) {
  const std::string kept(reason);
  StreamObserver* observer = observer_;
  observer_ = nullptr;
  inner_.reset();
  if (observer != nullptr) observer->on_closed(kept);
}

void TlsStream::release() {
  observer_ = nullptr;
  if (inner_ != nullptr && phase_ == Phase::kOpen) {
    SSL_set_quiet_shutdown(ssl_, 0);
    SSL_shutdown(ssl_);
    flush();
  }
  inner_.reset();
  if (phase_ == Phase::kStepping && !loop_.work().withdraw(*this)) {
    phase_ = Phase::kOrphaned;
    return;
  }
  loop_.destroy_later(std::unique_ptr<Deferred>(this));
}

}  // namespace sluice
