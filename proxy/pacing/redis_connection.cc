#include "proxy/pacing/redis_connection.h"

#include <hiredis/hiredis.h>
#include <utility>

#include <algorithm>
#include <array>

#include "proxy/net/tcp_stream.h"

namespace sluice {
namespace {

const Connector kConnector = TcpStream::connect;
constexpr Millis kConnectPatience{2'000};
constexpr Millis kGreetingPatience{1'000};
constexpr Millis kAnswerPatience{50};
// A run's has at most 273 integers of at most 22 octets; what a server says of itself is not longer either.
constexpr size_t kLongestAnswer = 65'536;
constexpr size_t kMostElements = 512;

// The value of a line "name:value" in an answer to INFO.
std::string info_field(std::string_view info, std::string_view name) {
  const size_t at = info.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = info.substr(at + name.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n")));
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

// What the server's refusal of a run means. None of these has had an effect.
std::string_view refusal(std::string_view code) {
  if (code == "READONLY") return "it is a read-only replica";
  if (code == "LOADING") return "it is loading its data";
  if (code == "MOVED" || code == "ASK" || code == "CLUSTERDOWN")
    return "the key belongs to another node of its cluster";
  if (code == "NOAUTH") return "it asks for a password";
  if (code == "NOPERM") return "its user may not run scripts, or not on the keys sluice:*";
  if (code == "NOSCRIPT") return "it has lost the script";
  if (code == "BUSY") return "it is busy with another script";
  if (code == "OOM") return "it has no memory left";
  if (code == "MISCONF") return "it takes no writes, as it cannot save";
  if (code == "NOREPLICAS") return "it takes no writes, as its replicas are missing";
  if (code == "MASTERDOWN") return "it has lost its master";
  return {};
}

// The rest of the text is not repeated: a server may quote what it was sent.
std::string greeting_failure(std::string_view what, std::string_view text) {
  const std::string_view code = first_word(text);
  if (code == "WRONGPASS") return "it refuses the password";
  if (!refusal(code).empty()) return std::string(refusal(code));
  return "it refuses " + std::string(what) + " with " + std::string(code.substr(0, 32));
}

}  // namespace

// What hiredis reads an answer into, instead of its own tree: flat, and bounded before it allocates.
struct RedisConnection::Answer {
  enum class Kind : uint8_t { kOther, kText, kError, kNumbers };
  Kind kind = Kind::kOther;
  std::string text;
  std::vector<int64_t> numbers;
  bool only_numbers = true;

  static Answer& of(const redisReadTask* task) { return *static_cast<Answer*>(task->privdata); }

  static void* on_string(const redisReadTask* task, char* text, size_t size) {
    Answer& answer = of(task);
    if (task->parent != nullptr) {
      answer.only_numbers = false;
    } else {
      answer.kind = task->type == REDIS_REPLY_ERROR ? Kind::kError : Kind::kText;
      answer.text.assign(text, size);
    }
    return &answer;
  }
  static void* on_array(const redisReadTask* task, size_t size) {
    Answer& answer = of(task);
    if (size > kMostElements) return nullptr;
    if (task->parent != nullptr) answer.only_numbers = false;
    answer.kind = Kind::kNumbers;
    return &answer;
  }
  static void* on_integer(const redisReadTask* task, long long value) {
    of(task).numbers.push_back(value);
    return &of(task);
  }
  static void* on_nil(const redisReadTask* task) {
    of(task).only_numbers = false;
    return &of(task);
  }
};

namespace {

// The size of an array is an int in hiredis 0.14 and a size_t in 1.0.
template <class Answer>
redisReplyObjectFunctions* reader_functions() {
  static redisReplyObjectFunctions functions = [] {
    redisReplyObjectFunctions made{};
    made.createString = Answer::on_string;
    made.createArray = [](const redisReadTask* task, auto size) -> void* {
      return Answer::on_array(task, static_cast<size_t>(size));
    };
    made.createInteger = Answer::on_integer;
    made.createNil = Answer::on_nil;
    made.freeObject = [](void*) {};
    return made;
  }();
  return &functions;
}

}  // namespace

void RedisConnection::ReaderCloser::operator()(redisReader* reader) const { redisReaderFree(reader); }

RedisConnection::RedisConnection(EventLoop& loop, Resolver& resolver, const RedisTarget& target,
                                 std::string_view script, RedisConnectionObserver& observer)
    : loop_(loop),
      target_(target),
      script_(script),
      observer_(observer),
      dialer_(loop, resolver, kConnector, *this),
      deadline_(*this) {}

RedisConnection::~RedisConnection() = default;

void RedisConnection::open() {
  phase_ = Phase::kDialing;
  dialer_.dial({target_.url.host, target_.url.port, target_.tls, target_.url.host, {}}, kConnectPatience);
}

void RedisConnection::close() {
  phase_ = Phase::kClosed;
  dialer_.cancel();
  deadline_.clear();
  stream_.reset();
  sent_.clear();
  refusal_.clear();
  overdue_ = false;
}

void RedisConnection::on_dial_failed(const std::string& reason) { lose("cannot connect: " + reason); }

void RedisConnection::on_dialed(StreamPtr stream) {
  stream_ = std::move(stream);
  stream_->set_observer(this);
  answer_ = std::make_unique<Answer>();
  reader_.reset(redisReaderCreateWithFunctions(reader_functions<Answer>()));
  reader_->privdata = answer_.get();
  unread_ = 0;
  greet();
}

void RedisConnection::greet() {
  phase_ = Phase::kGreeting;
  deadline_.set(loop_.deadlines(), kGreetingPatience);
  const std::string database = std::to_string(target_.url.database);
  const std::string_view user = target_.url.user;
  const std::string_view password = target_.password.reveal();
  if (!password.empty() && !user.empty()) {
    send(Sent::kAuth, std::array<std::string_view, 3>{"AUTH", user, password});
  } else if (!password.empty()) {
    send(Sent::kAuth, std::array<std::string_view, 2>{"AUTH", password});
  }
  if (target_.url.database != 0) send(Sent::kSelect, std::array<std::string_view, 2>{"SELECT", database});
  send(Sent::kServer, std::array<std::string_view, 2>{"INFO", "server"});
  send(Sent::kReplication, std::array<std::string_view, 2>{"INFO", "replication"});
  send(Sent::kLoad, std::array<std::string_view, 3>{"SCRIPT", "LOAD", script_});
}

void RedisConnection::run(const std::string& key, const std::vector<std::string>& arguments) {
  std::vector<std::string_view> words{"EVALSHA", digest_, "1", key};
  words.insert(words.end(), arguments.begin(), arguments.end());
  send(Sent::kRun, words);
  if (sent_.size() == 1) await_answer();
}

void RedisConnection::send(Sent what, std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* command = nullptr;
  const auto size =
      redisFormatCommandArgv(&command, static_cast<int>(words.size()), texts.data(), sizes.data());
  sent_.push_back(what);
  if (size <= 0) return;  // no memory: the deadline ends it
  stream_->write(std::string_view(command, static_cast<size_t>(size)));
  std::fill_n(command, size, '\0');  // it may hold the password
  redisFreeCommand(command);
}

void RedisConnection::await_answer() {
  overdue_ = false;
  if (sent_.empty()) return deadline_.clear();
  deadline_.set(loop_.deadlines(), kAnswerPatience);
}

void RedisConnection::on_data(std::string_view data) {
  unread_ += data.size();
  redisReaderFeed(reader_.get(), data.data(), data.size());
  while (phase_ == Phase::kGreeting || phase_ == Phase::kReady) {
    void* whole = nullptr;
    if (redisReaderGetReply(reader_.get(), &whole) != REDIS_OK)
      return lose("it does not speak the Redis protocol");
    if (whole == nullptr) break;
    unread_ = 0;
    const Answer answer = std::exchange(*answer_, {});  // the reader fills it, perhaps over several reads
    if (!take(answer)) return;
  }
  if (unread_ > kLongestAnswer) lose("its answer is too long");
}

// False: the connection is lost, or was closed by the observer.
bool RedisConnection::take(const Answer& answer) {
  if (sent_.empty()) {
    lose("it says something that it was not asked");
    return false;
  }
  const Sent what = sent_.front();
  return what == Sent::kRun ? take_run(answer) : take_greeting(what, answer);
}

bool RedisConnection::take_greeting(Sent what, const Answer& answer) {
  const bool is_error = answer.kind == Answer::Kind::kError;
  const bool is_text = answer.kind == Answer::Kind::kText;
  std::string failure;
  switch (what) {
    case Sent::kAuth:
      if (is_error) failure = greeting_failure("the password", answer.text);
      break;
    case Sent::kSelect:
      if (is_error) failure = greeting_failure("the database", answer.text);
      break;
    case Sent::kServer: run_id_ = info_field(answer.text, "run_id:"); break;
    case Sent::kReplication: replication_id_ = info_field(answer.text, "master_replid:"); break;
    case Sent::kLoad:
      if (is_error) failure = greeting_failure("the script", answer.text);
      digest_ = answer.text;
      break;
    case Sent::kRun: break;
  }
  if (failure.empty() && !is_error && (!is_text || (what == Sent::kLoad && digest_.size() != 40))) {
    failure = "its answer makes no sense";
  }
  if (!failure.empty()) {
    lose(failure);
    return false;
  }
  sent_.pop_front();
  if (what != Sent::kLoad) return true;
  const std::pair server(run_id_, replication_id_);
  const bool is_same = !run_id_.empty() && !replication_id_.empty() && server == known_server_;
  known_server_ = server;
  phase_ = Phase::kReady;
  deadline_.clear();
  observer_.on_ready(is_same);
  return phase_ == Phase::kReady;
}

bool RedisConnection::take_run(const Answer& answer) {
  const bool is_error = answer.kind == Answer::Kind::kError;
  if (is_error && !refusal(first_word(answer.text)).empty()) {
    refusal_ = refusal(first_word(answer.text));
    sent_.pop_front();
    observer_.on_refused();
    return go_on();
  }
  if (is_error || answer.kind != Answer::Kind::kNumbers || !answer.only_numbers) {
    lose(is_error ? "it fails: " + answer.text.substr(0, 200) : "its answer makes no sense");
    return false;
  }
  sent_.pop_front();
  observer_.on_answer(answer.numbers);
  return go_on();
}

// After the answer to a run.
bool RedisConnection::go_on() {
  if (phase_ != Phase::kReady) return false;
  await_answer();
  if (refusal_.empty() || !sent_.empty()) return true;
  lose(refusal_);
  return false;
}

void RedisConnection::on_end() { lose("it has closed the connection"); }

void RedisConnection::on_closed(std::string_view reason) {
  lose("the connection is lost: " + std::string(reason));
}

// A loop that was held up looks into the socket once more before it takes its own lateness for the server's.
void RedisConnection::on_deadline() {
  if (!overdue_) {
    overdue_ = true;
    return deadline_.set(loop_.deadlines(), Millis(1));
  }
  lose("it does not answer in time");
}

void RedisConnection::lose(const std::string& reason) {
  const std::string why(reason, 0);  // closing clears what it may stand in
  close();
  observer_.on_lost(why);
}

}  // namespace sluice
