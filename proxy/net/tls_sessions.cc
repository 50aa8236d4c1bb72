#include "proxy/net/tls_sessions.h"

#include <openssl/ssl.h>

#include <ctime>

namespace sluice {

namespace {

// Of one name: as many connections as begin at once are resumed; TLS 1.3 gives about two for each.
constexpr size_t kMostKept = 16;

int store_index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

int name_index() {
  static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

// Resuming verifies nothing: the certificate must still hold.
bool is_fresh(const SSL_SESSION* session) {
  if (SSL_SESSION_is_resumable(session) != 1) return false;
  if (std::time(nullptr) >= SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session)) return false;
  X509* peer = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session));
  return peer != nullptr && X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

}  // namespace

void TlsSessions::Free::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }

void TlsSessions::collect(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, store_index(), this);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_session);
}

// Takes the reference over when it returns 1.
int TlsSessions::on_session(SSL* ssl, SSL_SESSION* session) {
  auto* store = static_cast<TlsSessions*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), store_index()));
  const auto* name = static_cast<const std::string*>(SSL_get_ex_data(ssl, name_index()));
  if (store == nullptr || name == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return 0;
  const std::lock_guard lock(store->mutex_);
  std::vector<Session>& kept = store->sessions_[*name];
  if (kept.size() >= kMostKept) kept.erase(kept.begin());
  kept.emplace_back(session);
  return 1;
}

// A TLS 1.3 ticket is used once (RFC 8446 C.4), so that nobody can tell that two connections are one
// client's.
TlsSessions::Session TlsSessions::take(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(name);
  if (found == sessions_.end()) return nullptr;
  std::vector<Session>& kept = found->second;
  while (!kept.empty() && !is_fresh(kept.back().get())) kept.pop_back();
  if (kept.empty()) return nullptr;
  if (SSL_SESSION_get_protocol_version(kept.back().get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(kept.back().get());
    return Session(kept.back().get());
  }
  Session taken = std::move(kept.back());
  kept.pop_back();
  return taken;
}

void TlsSessions::offer(SSL* ssl, const std::string& name) {
  SSL_set_ex_data(ssl, name_index(), const_cast<std::string*>(&name));
  if (const Session session = take(name)) SSL_set_session(ssl, session.get());
}

void TlsSessions::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(name);
}

}  // namespace sluice
