// BlockingClient: whole requests to one origin over one connection, for a thread that may wait: a command, or
// the loading of a configuration. Runs a loop of its own while it waits. Owner: whoever asks. Thread: one at
// a time, never one that runs a loop; cancel() any. Fails as HttpClient does.
#pragma once

#include <memory>

#include "proxy/http/http_client.h"

namespace sluice {

class BlockingClient {
 public:
  explicit BlockingClient(HttpClientOptions options);
  ~BlockingClient();
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;

  // At most options.total_timeout.
  HttpResult call(HttpCall call);
  // The call under way, if any, and each later one ends at once with an error. Any thread.
  void cancel();

 private:
  EventLoop loop_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<HttpClient> client_;  // null: cancelled
};

}  // namespace sluice
