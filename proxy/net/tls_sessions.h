// TlsSessions: what an upstream has given to resume by, so that the next connection to it needs no full
// handshake. A session says that the certificate was verified: the store belongs to one material (one CA, one
// client certificate), and its sessions go by the name that was verified. Owner: TlsMaterial; shared by the
// workers. Thread: any.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
typedef struct ssl_session_st SSL_SESSION;

namespace sluice {

class TlsSessions {
 public:
  // Collects what the streams of a client's context are given. Requires: this outlives them.
  void collect(SSL_CTX* context);
  // Offers a session for this name, if there is one. Requires: `name` outlives `ssl`, which has not begun.
  void offer(SSL* ssl, const std::string& name);
  // After a handshake that failed: the next one is a full one.
  void forget(const std::string& name);

 private:
  struct Free {
    void operator()(SSL_SESSION* session) const;
  };
  using Session = std::unique_ptr<SSL_SESSION, Free>;

  static int on_session(SSL* ssl, SSL_SESSION* session);
  Session take(const std::string& name);

  std::mutex mutex_;
  std::map<std::string, std::vector<Session>> sessions_;  // newest last; guarded by mutex_
};

}  // namespace sluice
