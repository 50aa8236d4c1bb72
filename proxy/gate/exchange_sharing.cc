// Identical reads that wait at the same time share one call (interface 2, `coalesce`).
#include <algorithm>

#include "config/ascii.h"
#include "proxy/gate/exchange.h"
#include "proxy/gate/worker.h"

namespace sluice {

namespace {

constexpr size_t kMostFollowers = 1'000;
constexpr size_t kLongestAnswer = 1024 * 1024;
constexpr size_t kMostCopied = 64 * 1024 * 1024;                  // of one answer, to all followers
constexpr HeadLimits kAnyHead{1024 * 1024, 10'000, 1024 * 1024};  // it was read once already

// A plain success, with nothing in it for one caller alone.
bool may_be_shared(const ResponseHead& head) {
  return head.status >= 200 && head.status < 300 && head.status != 206 &&
         std::none_of(head.fields.begin(), head.fields.end(), [](const HeaderField& field) {
           return equals_ignoring_case(field.name, "set-cookie");
         });
}

}  // namespace

void SharedRead::add_body(std::string_view piece) {
  const size_t most = std::min(kLongestAnswer, kMostCopied / std::max<size_t>(followers.size(), 1));
  is_shareable = is_shareable && body.size() + piece.size() <= most;
  if (is_shareable) body.append(piece);
}

// A plain read of an operation that the catalogue knows, and that returns no credentials.
bool Exchange::may_share() const {
  if (!api().coalesce || head_.method != "GET" || !body_.whole || body_.bytes > 0) return false;
  return target_.access == Access::kRead &&
         std::all_of(target_.fits.begin(), target_.fits.end(), [](const Target::Fit& fit) {
           if (fit.operation == nullptr) return false;
           const auto& tags = fit.operation->tags;
           return std::find(tags.begin(), tags.end(), "credential-read") == tags.end();
         });
}

// What must be the same: the API, the credential, the rules that decided, and every octet that the vendor
// would get.
std::string Exchange::sharing_key() const {
  std::string key = std::to_string(route_.api) + " " + std::string(key_.now.choice.name);
  const ClientConfig& client = serving_->config.clients[client_];
  key += " " + std::to_string(static_cast<int>(client.priority)) + " " + std::to_string(client.weight);
  for (const std::string& rule : record_->rules) key += " " + rule;
  return key += "\n" + upstream_head_;
}

// True: it waits for the answer of another one, which will be sent in time for it too.
bool Exchange::join_identical() {
  if (!may_share()) return false;
  const auto found = station_->shared_reads->find(sharing_key());
  if (found == station_->shared_reads->end()) return false;
  SharedRead& shared = *found->second;
  if (shared.deadline > send_by_ || shared.followers.size() >= kMostFollowers) return false;
  shared.followers.push_back(this);
  followed_ = found->second;
  return true;
}

void Exchange::offer_to_share() {
  if (!may_share()) return;
  led_ = std::make_shared<SharedRead>();
  led_->key = sharing_key();
  led_->leader_id = record_->request_id;
  led_->deadline = send_by_;
  station_->shared_reads->insert_or_assign(led_->key, led_);
}

// Whoever comes from now on wants a newer answer.
void Exchange::close_offer() {
  if (led_ == nullptr) return;
  led_->sent = monotonic_now();
  const auto found = station_->shared_reads->find(led_->key);
  if (found != station_->shared_reads->end() && found->second == led_) station_->shared_reads->erase(found);
}

void Exchange::keep_answer_head(const ResponseHead& head) {
  if (led_ == nullptr) return;
  if (led_->followers.empty()) return led_.reset();  // nobody can join any more
  if (!may_be_shared(head)) return end_sharing(false);
  led_->head = head.text;
}

// The leader has ended: its followers get its answer, or go on alone.
void Exchange::end_sharing(bool whole) {
  if (followed_ != nullptr) std::erase(followed_->followers, this);
  followed_.reset();
  if (led_ == nullptr) return;
  close_offer();
  const std::shared_ptr<SharedRead> shared = std::move(led_);
  led_ = nullptr;
  while (!shared->followers.empty()) {
    Exchange* follower = shared->followers.front();
    shared->followers.erase(shared->followers.begin());
    follower->followed_.reset();
    if (whole && shared->is_shareable && !shared->head.empty()) {
      follower->take_shared_answer(*shared);
    } else {
      follower->wait_alone();
    }
  }
}

void Exchange::wait_alone() {
  if (join_identical()) return;
  if (!lane().pacer.join(*this, pace_terms(true), send_by_)) {
    return reply(Problem::kWaitTooLong, "the answer that it waited for could not be shared", 1);
  }
  offer_to_share();
}

void Exchange::take_shared_answer(const SharedRead& shared) {
  const AuditRecord* mine = record_.get();
  note_wait();
  record_->details.emplace_back("shared_with", shared.leader_id);
  sent_ = shared.sent;
  enter(Phase::kConnecting);
  enter(Phase::kSending);
  guard_against_keys();
  ResponseHead head;
  if (parse_response_head(shared.head, kAnyHead, false, head) != HeadError::kNone) {
    return reply(Problem::kUpstreamProtocol, "the shared answer cannot be read");
  }
  on_response_head(head);
  if (record_.get() == mine && phase_ == Phase::kRelaying) on_response_body(shared.body);
  if (record_.get() == mine && phase_ == Phase::kRelaying) on_response_end();
}

}  // namespace sluice
