#include "proxy/net/tls_material.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "config/ascii.h"
#include "proxy/crypto.h"
#include "proxy/net/server_names.h"
#include "proxy/net/tls_x509.h"

namespace sluice {

namespace {

// TLS 1.2 suites with forward secrecy and authenticated encryption only; OpenSSL's TLS 1.3 suites all
// qualify.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kAlpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

SSL_CTX* new_context(const SSL_METHOD* method) {
  SSL_CTX* context = SSL_CTX_new(method);
  if (context == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
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

std::vector<std::string> dns_names(const X509* certificate) {
  std::vector<std::string> names;
  auto* all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i), &type));
    if (type != GEN_DNS) continue;
    names.push_back(to_lower(std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                              static_cast<size_t>(ASN1_STRING_length(value)))));
  }
  GENERAL_NAMES_free(all);
  return names;
}

// What a session may be resumed under: the same authorities for clients, and the same host of a tunnel. Taken
// from what was loaded, not from the file, which may have become another.
void set_session_context(SSL_CTX* context, std::string_view host = {}) {
  std::string authorities = "sluice" + std::string(host);
  STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    const X509* authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (authority != nullptr) authorities += hex(digest_of(authority));
  }
  const Sha256 digest = sha256(authorities);
  static_assert(digest.size() <= SSL_MAX_SID_CTX_LENGTH);
  SSL_CTX_set_session_id_context(context, digest.data(), digest.size());
}

// To clients, those whose certificates are trusted.
void name_authorities(SSL_CTX* context) {
  STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i)
    if (X509* authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i)))
      SSL_CTX_add_client_CA(context, authority);
}

}  // namespace

void TlsMaterial::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<void> TlsMaterial::add_certificate(SSL_CTX* context, const CertificateFiles& files) {
  auto chain = read_certificates(files.certificate);
  if (!chain) return chain.error();
  bool taken = SSL_CTX_use_certificate(context, chain->front().get()) == 1;
  for (size_t i = 1; i < chain->size(); ++i)
    taken = taken && SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) == 1;
  if (!taken) return openssl_error("cannot use the certificate " + files.certificate);
  auto key = read_private_key(files.private_key);
  if (!key) return key.error();
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1) {
    const unsigned long error = ERR_peek_last_error();
    const bool mismatch = ERR_GET_LIB(error) == ERR_LIB_X509;
    return openssl_error(mismatch ? "the private key " + files.private_key +
                                        " does not fit the certificate " + files.certificate
                                  : "cannot read the private key " + files.private_key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return openssl_error("the private key " + files.private_key + " does not fit the certificate " +
                         files.certificate);
  }
  certificates_.push_back(describe(files.certificate, SSL_CTX_get0_certificate(context)));
  return {};
}

Result<SSL_CTX*> TlsMaterial::add_server_context() {
  SSL_CTX* context = contexts_.emplace_back(new_context(TLS_server_method())).get();
  if (context == nullptr) return openssl_error("cannot set up tls");
  // Idle clients hold no record buffers; of vendor connections there are few, and each is busy.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
  return context;
}

// All of a listener's contexts are the same but for the certificate: whichever is chosen verifies and resumes
// alike.
Result<void> TlsMaterial::add_listener_context(const CertificateFiles& files, const std::string& client_ca) {
  const Result<SSL_CTX*> made = add_server_context();
  if (!made) return made.error();
  SSL_CTX* context = *made;
  if (Result<void> added = add_certificate(context, files); !added) return added.error();
  names_.push_back(dns_names(SSL_CTX_get0_certificate(context)));
  if (!client_ca.empty()) {
    if (contexts_.size() > 1) {
      SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(get()));
      SSL_CTX_set_client_CA_list(context, SSL_dup_CA_list(SSL_CTX_get_client_CA_list(get())));
    } else {
      const std::string what = "cannot read the client ca " + client_ca;
      if (Result<void> trusted = trust_authorities(context, client_ca, what); !trusted)
        return trusted.error();
      name_authorities(context);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  set_session_context(context);
  tickets_->serve(context);
  return {};
}

Result<std::shared_ptr<const TlsMaterial>> TlsMaterial::for_listener(const ListenerTls& files,
                                                                     std::shared_ptr<TicketKeys> tickets) {
  auto made = std::shared_ptr<TlsMaterial>(new TlsMaterial);
  made->tickets_ = std::move(tickets);
  const CertificateFiles first{files.certificate, files.private_key};
  if (Result<void> added = made->add_listener_context(first, files.client_ca); !added) return added.error();
  for (const CertificateFiles& pair : files.by_name) {
    if (Result<void> added = made->add_listener_context(pair, files.client_ca); !added) return added.error();
  }
  SSL_CTX_set_tlsext_servername_callback(made->get(), choose);
  SSL_CTX_set_tlsext_servername_arg(made->get(), made.get());
  return std::shared_ptr<const TlsMaterial>(std::move(made));
}

int TlsMaterial::choose(SSL* ssl, int*, void* material) {
  const auto* self = static_cast<const TlsMaterial*>(material);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const size_t chosen = choose_certificate(self->names_, name);
  if (chosen > 0) SSL_set_SSL_CTX(ssl, self->contexts_[chosen].get());
  return SSL_TLSEXT_ERR_OK;
}

Result<std::shared_ptr<const TlsMaterial>> TlsMaterial::for_issued(const Issued& issued,
                                                                   std::shared_ptr<TicketKeys> tickets) {
  auto made = std::shared_ptr<TlsMaterial>(new TlsMaterial);
  made->tickets_ = std::move(tickets);
  const Result<SSL_CTX*> context = made->add_server_context();
  if (!context) return context.error();
  bool taken = SSL_CTX_use_certificate(*context, issued.certificate) == 1 &&
               SSL_CTX_use_PrivateKey(*context, issued.private_key) == 1;
  for (X509* certificate : issued.chain) taken = taken && SSL_CTX_add1_chain_cert(*context, certificate) == 1;
  if (!taken) return openssl_error("cannot use the certificate issued for " + issued.host);
  made->certificates_.push_back(describe(issued.host, issued.certificate));
  set_session_context(*context, issued.host);
  made->tickets_->serve(*context);
  return std::shared_ptr<const TlsMaterial>(std::move(made));
}

Result<std::shared_ptr<const TlsMaterial>> TlsMaterial::for_client(const UpstreamTlsConfig& files) {
  auto made = std::shared_ptr<TlsMaterial>(new TlsMaterial);
  SSL_CTX* context = made->contexts_.emplace_back(new_context(TLS_client_method())).get();
  if (context == nullptr) return openssl_error("cannot set up tls");
  if (!files.ca.empty()) {
    const std::string what = "cannot read the ca " + files.ca;
    if (Result<void> trusted = trust_authorities(context, files.ca, what); !trusted) return trusted.error();
  } else if (SSL_CTX_set_default_verify_paths(context) != 1) {
    return openssl_error("cannot read the ca store of the system");
  }
  if (!files.certificate.empty()) {
    const CertificateFiles pair{files.certificate, files.private_key};
    if (Result<void> added = made->add_certificate(context, pair); !added) return added.error();
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn);
  made->sessions_->collect(context);
  return std::shared_ptr<const TlsMaterial>(std::move(made));
}

}  // namespace sluice
