#include "proxy/net/dialer.h"

#include <algorithm>
#include <cerrno>

#include "proxy/net/tls_stream.h"

namespace sluice {

namespace {

constexpr Millis kAttemptDelay{250};  // RFC 8305 5

// The families take turns, beginning with that of the first address; reversed, as the next is taken off the
// end.
std::vector<IpAddress> in_turns(const std::vector<IpAddress>& addresses) {
  std::vector<IpAddress> first, second;
  for (const IpAddress& address : addresses) {
    (address.is_v4() == addresses.front().is_v4() ? first : second).push_back(address);
  }
  std::vector<IpAddress> turns;
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) turns.push_back(first[i]);
    if (i < second.size()) turns.push_back(second[i]);
  }
  std::reverse(turns.begin(), turns.end());
  return turns;
}

}  // namespace

// One address. Its dialer destroys it in both calls: nothing of it is touched after them.
class Dialer::Attempt final : private StreamObserver {
 public:
  explicit Attempt(Dialer& dialer) : dialer_(dialer) {}

  // False: no resources.
  bool start(const IpAddress& address) {
    const DialTarget& target = dialer_.target_;
    StreamPtr stream = dialer_.connector_(dialer_.loop_, address, target.port);
    if (stream == nullptr) return false;
    if (target.tls != nullptr) {
      stream_ = TlsStream::connect(dialer_.loop_, *target.tls, std::move(stream), target.server_name, this);
    } else {
      stream->set_observer(this);
      stream_ = std::move(stream);
    }
    return true;
  }
  StreamPtr take() { return std::move(stream_); }

 private:
  void on_connected() override { dialer_.won(*this); }
  void on_data(std::string_view) override {}
  void on_end() override { dialer_.lost(*this, "the connection ended at once"); }
  void on_drained() override {}
  void on_closed(std::string_view reason) override { dialer_.lost(*this, reason); }

  Dialer& dialer_;
  StreamPtr stream_;
};

Dialer::Dialer(EventLoop& loop, Resolver& resolver, const Connector& connector, DialObserver& observer)
    : loop_(loop), resolver_(resolver), connector_(connector), observer_(observer), deadline_(*this) {}

Dialer::~Dialer() { cancel(); }

void Dialer::dial(DialTarget target, Millis patience) {
  cancel();
  target_ = std::move(target);
  reason_ = "no address";
  give_up_ = loop_.now() + patience;
  deadline_.set(loop_.deadlines(), patience);
  in_dial_ = true;
  lookup_ =
      resolver_.resolve(std::string(target_.host),
                        [this](const Result<std::vector<IpAddress>>& addresses) { on_resolved(addresses); });
  target_.host = {};
  in_dial_ = false;
}

void Dialer::cancel() {
  resolver_.cancel(lookup_);
  lookup_ = 0;
  addresses_.clear();
  attempts_.clear();
  deadline_.clear();
  failed_ = false;
}

void Dialer::on_resolved(const Result<std::vector<IpAddress>>& addresses) {
  lookup_ = 0;
  if (!addresses) return end_with(addresses.error().message);
  addresses_ = in_turns(*addresses);
  start_next();
}

void Dialer::start_next() {
  while (!addresses_.empty()) {
    const IpAddress address = addresses_.back();
    addresses_.pop_back();
    if (target_.refuse_address) {
      std::string refused = target_.refuse_address(address);
      if (!refused.empty()) {
        reason_ = std::move(refused);
        continue;
      }
    }
    attempts_.push_back(std::make_unique<Attempt>(*this));
    if (attempts_.back()->start(address)) return set_deadline();
    reason_ = uv_strerror(-errno);
    attempts_.pop_back();
  }
  if (attempts_.empty()) return end_with(reason_);
  set_deadline();
}

void Dialer::set_deadline() {
  const Millis left = give_up_ - loop_.now();
  deadline_.set(loop_.deadlines(), addresses_.empty() ? left : std::min(left, kAttemptDelay));
}

void Dialer::on_deadline() {
  if (failed_) return end_with(reason_);
  if (loop_.now() >= give_up_) return end_with("no connection in time");
  start_next();
}

void Dialer::won(Attempt& attempt) {
  StreamPtr stream = attempt.take();
  cancel();
  observer_.on_dialed(std::move(stream));
}

void Dialer::lost(Attempt& attempt, std::string_view reason) {
  reason_ = reason;
  std::erase_if(attempts_, [&attempt](const auto& one) { return one.get() == &attempt; });
  start_next();
}

void Dialer::end_with(std::string reason) {
  cancel();
  reason_ = std::move(reason);
  failed_ = in_dial_;
  if (in_dial_) return deadline_.set(loop_.deadlines(), Millis(0));
  observer_.on_dial_failed(reason_);
}

}  // namespace sluice
