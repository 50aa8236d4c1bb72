#include "proxy/net/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "proxy/crypto.h"

namespace sluice {

namespace {

constexpr int kIvSize = 16;

int keys_index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

bool set_mac(EVP_MAC_CTX* mac, TicketKeys::Key& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// As SSL_CTX_set_tlsext_ticket_key_evp_cb has it: 1 done, 2 opened and to be renewed, 0 unknown key, -1
// failed.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int seal) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()));
  const Nanos now = std::chrono::steady_clock::now().time_since_epoch();
  if (seal != 0) {
    TicketKeys::Key key = keys->sealing(now);
    random_bytes(iv, kIvSize);
    std::copy(key.name.begin(), key.name.end(), name);
    const bool ready = EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
                       set_mac(mac, key);
    return ready ? 1 : -1;
  }
  auto opening =
      keys->opening(std::span<const uint8_t, TicketKeys::kNameSize>(name, TicketKeys::kNameSize), now);
  if (!opening) return 0;
  TicketKeys::Key& key = opening->key;
  const bool ready =
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 && set_mac(mac, key);
  if (!ready) return -1;
  return opening->renew ? 2 : 1;
}

// A session says what a client's certificate proved: it ends with the certificate.
SSL_TICKET_RETURN judge_session(SSL*, SSL_SESSION* session, const unsigned char*, size_t,
                                SSL_TICKET_STATUS status, void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  X509* peer = SSL_SESSION_get0_peer(session);
  if (peer != nullptr && X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

TicketKeys::Key::~Key() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(mac.data(), mac.size());
}

TicketKeys::Key TicketKeys::sealing(Nanos now) {
  const std::lock_guard lock(mutex_);
  if (keys_.empty() || now - keys_.front().made >= kSealsFor) {
    Dated& fresh = keys_.emplace_front();
    fresh.made = now;
    random_bytes(fresh.key.name.data(), fresh.key.name.size());
    random_bytes(fresh.key.cipher.data(), fresh.key.cipher.size());
    random_bytes(fresh.key.mac.data(), fresh.key.mac.size());
  }
  while (now - keys_.back().made >= kSealsFor + kSessionTime) keys_.pop_back();
  return keys_.front().key;
}

std::optional<TicketKeys::Opening> TicketKeys::opening(std::span<const uint8_t, kNameSize> name, Nanos now) {
  const std::lock_guard lock(mutex_);
  for (const Dated& dated : keys_) {
    if (now - dated.made >= kSealsFor + kSessionTime) return std::nullopt;  // as are all that follow
    if (std::equal(name.begin(), name.end(), dated.key.name.begin())) {
      return Opening{dated.key, now - dated.made >= kSealsFor};
    }
  }
  return std::nullopt;
}

void TicketKeys::serve(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, keys_index(), this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_session_ticket_cb(context, nullptr, judge_session, nullptr);
  SSL_CTX_set_timeout(context, std::chrono::duration_cast<std::chrono::seconds>(kSessionTime).count());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

}  // namespace sluice
