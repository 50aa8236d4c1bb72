// Requests for simulators, and their answers as JSON.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "proxy/cli/simulate/simulator.h"

namespace sluice {

using Headers = std::vector<std::pair<std::string, std::string>>;

inline HttpRequest request_of(const std::string& method, const std::string& target,
                              const std::string& body = "", Headers headers = {}) {
  const size_t question = target.find('?');
  HttpRequest request;
  request.method = method;
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.headers = std::move(headers);
  request.body = body;
  return request;
}

// A simulator without limit, asked in a line.
class Asked {
 public:
  Asked(std::unique_ptr<Simulator> simulator, std::string base)
      : simulator_(std::move(simulator)), base_(std::move(base)) {}

  HttpResponse raw(const std::string& method, const std::string& target, const std::string& body = "") {
    return simulator_->answer(request_of(method, base_ + target, body), {});
  }
  // The body of an answer that has to have this status.
  nlohmann::json ask(int status, const std::string& method, const std::string& target,
                     const std::string& body = "") {
    const HttpResponse response = raw(method, target, body);
    EXPECT_EQ(response.status, status) << method << " " << target << ": " << response.body;
    return nlohmann::json::parse(response.body, nullptr, false);
  }
  // The ids of a list, or of the `result` of one.
  std::vector<std::string> ids(const std::string& target) {
    const nlohmann::json body = ask(200, "GET", target);
    std::vector<std::string> found;
    for (const auto& item : body.is_array() ? body : body.at("result")) found.push_back(item.at("id"));
    return found;
  }

 private:
  std::unique_ptr<Simulator> simulator_;
  std::string base_;
};

}  // namespace sluice
