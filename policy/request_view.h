// RequestView: one request as the policy sees it. Views only: valid while the caller's buffers are.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

#include "config/ip.h"

namespace sluice {

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

struct RequestView {
  size_t api = 0;     // index into Config::apis
  size_t client = 0;  // index into Config::clients
  std::string_view method;
  std::string_view path;   // the vendor's path as it will be sent, base path included, without the query
  std::string_view query;  // as it will be sent, without "?"
  std::span<const HeaderView> headers;
  IpAddress source;
  std::chrono::system_clock::time_point at;
};

}  // namespace sluice
