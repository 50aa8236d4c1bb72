// CertificateWatcher: takes up the certificates, keys and authorities that change in their files, and warns
// of certificates that end. Looks every second; a file counts as changed once it has stayed the same for one
// look, so that a certificate and its key that are written one after the other are taken up together.
// Kubernetes' ..data swaps are seen. What cannot be loaded is said once, changes nothing, and is tried again
// when a file changes. Connections that exist keep what they have. Owner: the gate. Thread: the gate's loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/net/deadlines.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/tls_context.h"

namespace sluice {

class CertificateWatcher final : private DeadlineObserver {
 public:
  explicit CertificateWatcher(EventLoop& loop) : loop_(loop), deadline_(*this) {}

  // `place` says in logs whose it is. Requires: `context` outlives the watching.
  void watch(std::string place, TlsContext& context);
  // Warns of what has ended or ends soon, and begins to look.
  void start();
  void stop() { deadline_.clear(); }

 private:
  struct Watched {
    std::string place;
    TlsContext* context;
    std::vector<FileStamp> seen;  // at the last look
  };
  void on_deadline() override;
  void look(Watched& watched);
  void warn_of_ends();

  EventLoop& loop_;
  Deadline deadline_;
  std::vector<Watched> watched_;
  Millis warn_at_{0};  // of the loop's clock
};

// What to warn of, or "": a certificate that has ended, or ends within 14 days. Both are Unix times.
std::string warn_of_end(int64_t ends, int64_t now);

}  // namespace sluice
