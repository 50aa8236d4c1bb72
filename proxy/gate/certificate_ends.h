// certificate_ends: warns in the log of the gate's own certificates that have ended or end soon, at the start
// and every day. Pure but for the log; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "proxy/gate/serving.h"

namespace sluice {

// Of the vendors' and the listeners' TLS. `listeners`: their addresses, in the order of config.listen.
void warn_of_certificate_ends(const Serving& serving, const std::vector<std::string>& listeners);

// Every certificate that the gate presents, and the authority of `connect`, by the place that it is for.
std::vector<std::pair<std::string, CertificateInfo>> certificates_in_use(
    const Serving& serving, const std::vector<std::string>& listeners);

// What to warn of, or "": a certificate that has ended, or ends within 14 days. Both are Unix times.
std::string warn_of_end(int64_t ends, int64_t now);

// A place that presents certificates, and its TLS.
struct CertificatePlace {
  std::string name;  // "listener ADDRESS", "api NAME"
  std::shared_ptr<const TlsContext> tls;
};
std::vector<CertificatePlace> certificate_places(const Serving& serving,
                                                 const std::vector<std::string>& listeners);
// Says which certificates are others than before.
void log_new_certificates(const std::vector<CertificatePlace>& before,
                          const std::vector<CertificatePlace>& now);

}  // namespace sluice
