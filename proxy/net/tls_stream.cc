#include "proxy/net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

namespace sluice {

namespace {

constexpr size_t kRecord = 16 * 1024;  // the most that one TLS record holds (RFC 8446 5.1)

std::string handshake_failure(const SSL* ssl) {
  const long verified = SSL_get_verify_result(ssl);
  std::string reason = "tls handshake failed: ";
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  if (verified != X509_V_OK) {
    reason += X509_verify_cert_error_string(verified);
  } else {
    reason += text != nullptr ? text : "the peer broke it off";
  }
  ERR_clear_error();
  return reason;
}

}  // namespace

TlsStream::TlsStream(EventLoop& loop, const TlsContext& context, StreamPtr inner)
    : loop_(loop), inner_(std::move(inner)), ssl_(SSL_new(context.get())) {
  received_ = BIO_new(BIO_s_mem());
  to_send_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_, received_, to_send_);
  inner_->set_observer(this);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

StreamPtr TlsStream::accept(EventLoop& loop, const TlsContext& context, StreamPtr inner) {
  auto* made = new TlsStream(loop, context, std::move(inner));
  SSL_set_accept_state(made->ssl_);
  return StreamPtr(made);
}

StreamPtr TlsStream::connect(EventLoop& loop, const TlsContext& context, StreamPtr inner,
                             const std::string& server_name, StreamObserver* observer) {
  auto* made = new TlsStream(loop, context, std::move(inner));
  made->observer_ = observer;
  SSL_set_connect_state(made->ssl_);
  X509_VERIFY_PARAM* rules = SSL_get0_param(made->ssl_);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, server_name.c_str()) != 1) {
    ERR_clear_error();
    SSL_set1_host(made->ssl_, server_name.c_str());
    SSL_set_tlsext_host_name(made->ssl_, server_name.c_str());
  }
  return StreamPtr(made);
}

void TlsStream::on_connected() { handshake(); }

void TlsStream::on_data(std::string_view data) {
  BIO_write(received_, data.data(), static_cast<int>(data.size()));
  if (!connected_) handshake();
  if (connected_) read_plain_text();
}

void TlsStream::handshake() {
  ERR_clear_error();
  const int status = SSL_do_handshake(ssl_);
  flush();
  if (status == 1) {
    connected_ = true;
    if (!early_.empty()) {
      encrypt(early_);
      early_.clear();
      early_.shrink_to_fit();
      flush();
    }
    if (observer_ != nullptr) observer_->on_connected();
    return;
  }
  if (SSL_get_error(ssl_, status) != SSL_ERROR_WANT_READ) fail(handshake_failure(ssl_));
}

// Goes on until nothing whole is left, so that no plain text waits inside OpenSSL. The observer may let go of
// the stream in any call: `observer_` is null then, and the memory lives until this has unwound.
void TlsStream::read_plain_text() {
  std::array<char, kRecord> plain;
  while (observer_ != nullptr && !ended_) {
    ERR_clear_error();
    const int count = SSL_read(ssl_, plain.data(), static_cast<int>(plain.size()));
    if (count > 0) {
      observer_->on_data({plain.data(), static_cast<size_t>(count)});
      continue;
    }
    const int error = SSL_get_error(ssl_, count);
    flush();  // alerts and key updates
    if (error == SSL_ERROR_WANT_READ) return;
    if (error != SSL_ERROR_ZERO_RETURN) return fail("tls: broken record");
    ended_ = true;
    observer_->on_end();
  }
}

void TlsStream::write(std::span<const std::string_view> parts) {
  if (inner_ == nullptr) return;
  if (!connected_) {
    for (const std::string_view part : parts) early_.append(part);
    return;
  }
  if (parts.size() == 1) {
    encrypt(parts[0]);
  } else {  // a head and a small body share a record
    std::string whole;
    for (const std::string_view part : parts) whole.append(part);
    encrypt(whole);
  }
  flush();
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
  if (inner_ != nullptr) inner_->set_reading(on);
}

void TlsStream::finish_writing() {
  if (inner_ == nullptr) return;
  if (connected_) {
    SSL_shutdown(ssl_);
    flush();
  }
  inner_->finish_writing();
}

bool TlsStream::peer_has_san(std::string_view san) const {
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return false;
  constexpr unsigned kFlags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;
  return X509_check_host(certificate, san.data(), san.size(), kFlags, nullptr) == 1;
}

void TlsStream::on_end() {
  if (!ended_) fail(connected_ ? "tls: ended without close_notify" : handshake_failure(ssl_));
}

void TlsStream::on_drained() {
  if (connected_ && observer_ != nullptr) observer_->on_drained();
}

void TlsStream::on_closed(std::string_view reason) { fail(reason); }

void TlsStream::fail(std::string_view reason) {
  const std::string kept(reason);
  StreamObserver* observer = observer_;
  observer_ = nullptr;
  inner_.reset();
  if (observer != nullptr) observer->on_closed(kept);
}

void TlsStream::release() {
  observer_ = nullptr;
  if (inner_ != nullptr && connected_ && !ended_) {
    SSL_set_quiet_shutdown(ssl_, 0);
    SSL_shutdown(ssl_);
    flush();
  }
  inner_.reset();
  loop_.destroy_later(std::unique_ptr<Deferred>(this));
}

}  // namespace sluice
