#include "redis_server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

extern char** environ;

namespace sluice {

namespace {

uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

RedisServer::RedisServer(bool listens) : port_(listens ? free_port() : uint16_t{0}) {
  std::string folder = (std::filesystem::temp_directory_path() / "sluice-redis-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return;
  folder_ = folder;
  const std::string socket = folder_ + "/socket";
  std::vector<std::string> words{"redis-server", "--port",    std::to_string(port_),
                                 "--bind",       "127.0.0.1", "--unixsocket",
                                 socket,         "--save",    "",
                                 "--appendonly", "no",        "--loglevel",
                                 "warning",      "--logfile", folder_ + "/log",
                                 "--dir",        folder_};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  if (posix_spawnp(&pid_, "redis-server", nullptr, nullptr, arguments.data(), environ) != 0) {
    pid_ = -1;
    ADD_FAILURE() << "no redis-server: install it (./dev test does)";
    return;
  }
  for (int i = 0; i < 500; ++i) {
    connection_ = redisConnectUnix(socket.c_str());
    if (connection_ != nullptr && connection_->err == 0) return;
    if (connection_ != nullptr) redisFree(connection_);
    connection_ = nullptr;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ADD_FAILURE() << "redis-server does not answer on " << socket;
}

RedisServer::~RedisServer() {
  if (connection_ != nullptr) redisFree(connection_);
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

RedisServer::Reply RedisServer::run(const std::vector<std::string>& command) {
  Reply result;
  if (connection_ == nullptr) return {"no server", {}, {}};
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  for (const std::string& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  void* raw = redisCommandArgv(connection_, static_cast<int>(words.size()), words.data(), sizes.data());
  if (raw == nullptr) return {connection_->errstr, {}, {}};
  auto* reply = static_cast<redisReply*>(raw);
  if (reply->type == REDIS_REPLY_ERROR) result.error.assign(reply->str, reply->len);
  if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS) {
    result.text.assign(reply->str, reply->len);
  }
  if (reply->type == REDIS_REPLY_INTEGER) result.numbers.push_back(reply->integer);
  for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; ++i) {
    if (reply->element[i]->type != REDIS_REPLY_INTEGER) {
      result.error = "not all of them are integers";
      break;
    }
    result.numbers.push_back(reply->element[i]->integer);
  }
  freeReplyObject(raw);
  return result;
}

}  // namespace sluice
