// TlsContext: certificates, keys and verification rules of one listener or one upstream; streams are made
// from it. TLS 1.2 and 1.3 only. Owner: its listener or upstream. Immutable once made; one loop's thread uses
// its streams.
#pragma once

#include <memory>
#include <string>

#include "config/model.h"
#include "config/result.h"

typedef struct ssl_ctx_st SSL_CTX;

namespace sluice {

class TlsContext {
 public:
  // Presents a certificate; with client_ca, requires and verifies the peer's.
  static Result<std::unique_ptr<TlsContext>> for_listener(const ListenerTls& config);
  // Verifies the peer's chain against `ca_file`, or the system's store when it is empty.
  static Result<std::unique_ptr<TlsContext>> for_client(const std::string& ca_file);
  ~TlsContext();
  SSL_CTX* get() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
};

}  // namespace sluice
