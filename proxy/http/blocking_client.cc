#include "proxy/http/blocking_client.h"

#include <optional>

namespace sluice {

BlockingClient::BlockingClient(HttpClientOptions options)
    : resolver_(std::make_unique<Resolver>(loop_)),
      client_(make_http_client(loop_, *resolver_, std::move(options))) {}

BlockingClient::~BlockingClient() {
  client_.reset();
  resolver_.reset();
}

HttpResult BlockingClient::call(HttpCall call) {
  uv_update_time(loop_.uv());  // the loop has not run since the last call
  std::optional<HttpResult> result;
  if (client_ != nullptr)
    client_->send(std::move(call), [&result](HttpResult answer) { result = std::move(answer); });
  while (!result && client_ != nullptr) uv_run(loop_.uv(), UV_RUN_ONCE);
  if (result) return std::move(*result);
  HttpResult cancelled;
  cancelled.error = "cancelled";
  return cancelled;
}

void BlockingClient::cancel() {
  loop_.post([this] { client_.reset(); });
}

}  // namespace sluice
