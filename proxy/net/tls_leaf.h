// tls_leaf: one host's certificate, made and verified (RFC 5280). Only proxy/net/tls_issuer.cc includes this.
// Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "proxy/net/tls_x509.h"

namespace sluice {

struct LeafRequest {
  std::string host;  // a DNS name, or an IP address
  EVP_PKEY* key;     // whose certificate it is
  X509* issuer;
  EVP_PKEY* issuer_key;
  int64_t begins, ends;  // Unix time
};
Result<X509Ptr> make_leaf(const LeafRequest& request);

// Why a client that trusts the last one of `authorities` would refuse the certificate for this host; "" if it
// would not. The first of them is the issuer.
std::string why_refused(X509* leaf, std::span<const X509Ptr> authorities, const std::string& host,
                        int64_t now);

}  // namespace sluice
