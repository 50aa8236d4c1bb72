// Reads and writes at a steady rate over keep-alive connections: when each was answered, from the moment that
// it was sent, or was due while the one before it was still under way.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

#include "bench_log.h"

namespace sluice::bench {
namespace {

constexpr size_t kConnections = 16;  // half of them read, half of them write
constexpr std::chrono::seconds kWarmUp{1};

class Connection {
 public:
  explicit Connection(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fail("cannot connect");
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False: refused, because its record was not on disk in time.
  bool call(const std::string& request) {
    if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      fail("cannot send");
    std::string answer;
    while (!is_whole(answer)) {
      std::array<char, 8192> chunk{};
      const ssize_t count = recv(socket_, chunk.data(), chunk.size(), 0);
      if (count <= 0) fail("the connection ended after: " + answer);
      answer.append(chunk.data(), static_cast<size_t>(count));
    }
    if (answer.starts_with("HTTP/1.1 200")) return true;
    if (!answer.starts_with("HTTP/1.1 503")) fail("was answered " + answer);
    return false;
  }

 private:
  static bool is_whole(const std::string& answer) {
    const size_t head = answer.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    size_t length = answer.find("\r\nContent-Length: ");
    if (length == std::string::npos) length = answer.find("\r\ncontent-length: ");
    if (length == std::string::npos) fail("an answer has no length: " + answer);
    return answer.size() >= head + 4 + std::stoull(answer.substr(length + 18));
  }

  int socket_;
};

struct Plan {
  uint16_t port = 0;
  std::string read, write;
  Clock::duration interval{};  // between two calls of one connection
  Clock::time_point start, end;
};

struct Calls {
  std::vector<double> times;  // microseconds of each
  size_t refused = 0;
};

// The calls of one connection.
Calls call_steadily(const Plan& plan, int64_t index) {
  Connection connection(plan.port);
  const std::string& request = index % 2 == 0 ? plan.read : plan.write;
  connection.call(request);
  Calls calls;
  auto due = plan.start + plan.interval * index / int64_t{kConnections};
  for (; due < plan.end; due += plan.interval) {
    const bool late = Clock::now() > due;
    std::this_thread::sleep_until(due);
    const auto from = late ? due : Clock::now();
    if (!connection.call(request)) {
      ++calls.refused;
    } else if (due >= plan.start + kWarmUp) {
      calls.times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - from).count());
    }
  }
  return calls;
}

void print(const char* name, const std::vector<Calls>& by_connection, size_t first) {
  Calls all;
  for (size_t i = first; i < kConnections; i += 2) {
    const Calls& calls = by_connection[i];
    all.times.insert(all.times.end(), calls.times.begin(), calls.times.end());
    all.refused += calls.refused;
  }
  std::sort(all.times.begin(), all.times.end());
  if (all.times.empty()) fail("nothing was served");
  std::printf(R"("%s": {"calls": %zu, "refused": %zu, "p50_us": %.0f, "p99_us": %.0f})", name,
              all.times.size(), all.refused, all.times[all.times.size() / 2],
              all.times[all.times.size() * 99 / 100]);
}

std::string request_of(const std::string& line, const std::string& port, const std::string& key,
                       const std::string& body) {
  std::string text =
      line + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nVia: 1.1 bench\r\nx-api-key: " + key;
  if (!body.empty())
    text += "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
  return text + "\r\n\r\n" + body;
}

}  // namespace

// PORT PREFIX KEY RATE SECONDS
int run_calls(const std::vector<std::string>& arguments) {
  Plan plan;
  plan.port = static_cast<uint16_t>(std::stoul(arguments.at(0)));
  const std::string& prefix = arguments.at(1);
  const std::string body = R"({"note":")" + std::string(256, 'n') + R"("})";
  plan.read = request_of("GET " + prefix + "/v1/employees", arguments[0], arguments.at(2), "");
  plan.write = request_of("PUT " + prefix + "/v1/uploads/1", arguments[0], arguments[2], body);
  const double interval = static_cast<double>(kConnections) / std::stod(arguments.at(3));
  plan.interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(interval));
  plan.start = Clock::now() + std::chrono::milliseconds(100);
  plan.end = plan.start + kWarmUp + std::chrono::seconds(std::stoul(arguments.at(4)));
  std::vector<Calls> calls(kConnections);
  std::vector<std::thread> callers;
  for (size_t i = 0; i < kConnections; ++i)
    callers.emplace_back([&plan, &calls, i] { calls[i] = call_steadily(plan, static_cast<int64_t>(i)); });
  for (std::thread& caller : callers) caller.join();
  std::printf("{");
  print("read", calls, 0);
  std::printf(", ");
  print("write", calls, 1);
  std::printf("}\n");
  return 0;
}

}  // namespace sluice::bench
