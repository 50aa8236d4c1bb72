// Traffic: what a simulated vendor has seen, for GET /_simulator/stats. Keeps the last 100,000 writes.
// Holds no credential: of a key only whether it fits. Owner: VendorFront.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "proxy/cli/simulate/answers.h"

namespace sluice {

class Traffic {
 public:
  // `key` is "full", "read", "wrong", "missing" or, where none is asked for, "any".
  void record(const HttpRequest& request, int status, std::string_view key);
  Json to_json() const;

 private:
  struct Write {
    std::string method;
    std::string path;
    std::string body_sha256;
    std::string request_id;  // empty: none was sent
    std::string_view key;
    int status;
  };

  uint64_t requests_ = 0;
  std::map<int, uint64_t> statuses_;
  std::map<std::string_view, uint64_t> keys_;
  std::deque<Write> writes_;
};

}  // namespace sluice
