#include "proxy/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstring>

namespace sluice {

namespace {

// TLS 1.2 suites with forward secrecy and authenticated encryption only; OpenSSL's TLS 1.3 suites all
// qualify.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char kSessionContext[] = "sluice";

Error openssl_error(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return Error{what + ": " + (reason != nullptr ? reason : "unknown reason")};
}

SSL_CTX* new_context(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  if (context == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set_options(context,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

// Takes http/1.1 where the client offers it; a client that offers only others is refused.
int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void*) {
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, kAlpn, sizeof kAlpn, in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::for_listener(const ListenerTls& config) {
  auto made = std::unique_ptr<TlsContext>(new TlsContext(new_context(TLS_server_method())));
  SSL_CTX* context = made->context_;
  if (context == nullptr) return openssl_error("cannot set up tls");
  if (SSL_CTX_use_certificate_chain_file(context, config.certificate.c_str()) != 1) {
    return openssl_error("cannot read the certificate " + config.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, config.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return openssl_error("cannot read the private key " + config.private_key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return openssl_error("the private key " + config.private_key + " does not fit the certificate " +
                         config.certificate);
  }
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
  if (!config.client_ca.empty()) {
    if (SSL_CTX_load_verify_locations(context, config.client_ca.c_str(), nullptr) != 1) {
      return openssl_error("cannot read the client ca " + config.client_ca);
    }
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(config.client_ca.c_str()));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return made;
}

Result<std::unique_ptr<TlsContext>> TlsContext::for_client(const std::string& ca_file) {
  auto made = std::unique_ptr<TlsContext>(new TlsContext(new_context(TLS_client_method())));
  SSL_CTX* context = made->context_;
  if (context == nullptr) return openssl_error("cannot set up tls");
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                     : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
  if (loaded != 1)
    return openssl_error("cannot read the ca " + (ca_file.empty() ? "store of the system" : ca_file));
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn);
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

}  // namespace sluice
