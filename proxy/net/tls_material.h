// TlsMaterial: certificates, keys and verification rules as they were in the files at one time, ready for
// use; streams are made from it and keep it alive. TLS 1.2 and 1.3 only. Owner: shared by its TlsContext and
// the streams. Thread: any; immutable but for the sessions that it collects, which lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/net/tls_sessions.h"
#include "proxy/net/tls_tickets.h"

typedef struct x509_st X509;
typedef struct evp_pkey_st EVP_PKEY;

namespace sluice {

// What a log says of a certificate.
struct CertificateInfo {
  std::string file;
  std::string sha256;     // of the DER, in lower-case hex
  std::string not_after;  // RFC 3339
  int64_t ends = 0;       // the same as Unix time
};

class TlsMaterial {
 public:
  // Presents a certificate, chosen by the name that the client asks for; with client_ca, requires and
  // verifies the client's.
  static Result<std::shared_ptr<const TlsMaterial>> for_listener(const ListenerTls& files,
                                                                 std::shared_ptr<TicketKeys> tickets);
  // A certificate that TlsIssuer has made, for one host.
  struct Issued {
    std::string host;
    X509* certificate;
    EVP_PKEY* private_key;
    std::vector<X509*> chain;  // sent along
  };
  // Presents the certificate, whatever name the client asks for. A session is resumed for its host only.
  static Result<std::shared_ptr<const TlsMaterial>> for_issued(const Issued& issued,
                                                               std::shared_ptr<TicketKeys> tickets);
  // Verifies the peer's chain; presents a certificate to a peer that asks, if it has one.
  static Result<std::shared_ptr<const TlsMaterial>> for_client(const UpstreamTlsConfig& files);

  SSL_CTX* get() const { return contexts_.front().get(); }
  TlsSessions& sessions() const { return *sessions_; }
  // The gate's own, the default one first.
  const std::vector<CertificateInfo>& certificates() const { return certificates_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;

  TlsMaterial() = default;
  Result<SSL_CTX*> add_server_context();
  Result<void> add_certificate(SSL_CTX* context, const CertificateFiles& files);
  Result<void> add_listener_context(const CertificateFiles& files, const std::string& client_ca);
  static int choose(SSL* ssl, int* alert, void* material);

  std::shared_ptr<TicketKeys> tickets_;
  std::unique_ptr<TlsSessions> sessions_ = std::make_unique<TlsSessions>();
  std::vector<Context> contexts_;                // one per certificate; freed before what they refer to
  std::vector<std::vector<std::string>> names_;  // of each certificate, in lower case
  std::vector<CertificateInfo> certificates_;
};

}  // namespace sluice
