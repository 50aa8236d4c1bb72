#include "proxy/identity/key_file.h"

#include "config/yaml_reader.h"
#include "proxy/net/file_stamp.h"

namespace sluice {

namespace {

constexpr Millis kLookInterval{1'000};

Result<JwkSet> read_keys(const std::string& path) {
  const Result<std::string> text = read_file(path, kMostJwksOctets);
  if (!text) return text.error();
  Result<JwkSet> keys = JwkSet::parse(*text);
  if (!keys) return Error{path + ": " + keys.error().message};
  return keys;
}

class KeyFile final : public KeySource, private DeadlineObserver {
 public:
  KeyFile(const JwtConfig& issuer, EventLoop& loop, KeySourceOwner& owner)
      : issuer_(issuer.issuer), path_(issuer.jwks.file), loop_(loop), owner_(owner), next_look_(*this) {}

  Result<void> open() {
    stamp_ = stamp_file(path_);
    Result<JwkSet> keys = read_keys(path_);
    if (!keys) return keys.error();
    first_keys_ = std::make_shared<const JwkSet>(std::move(*keys));
    return {};
  }

  std::shared_ptr<const JwkSet> first_keys() const override { return first_keys_; }
  void start() override { next_look_.set(loop_.deadlines(), kLookInterval); }
  void ask(std::function<void()> done) override {
    look();
    done();
  }

 private:
  void on_deadline() override {
    look();
    next_look_.set(loop_.deadlines(), kLookInterval);
  }

  // One that is half written has no usable keys yet, and changes once more.
  void look() {
    const FileStamp stamp = stamp_file(path_);
    if (stamp == stamp_) return;
    stamp_ = stamp;
    Result<JwkSet> keys = read_keys(path_);
    if (!keys) return owner_.on_key_trouble(issuer_, keys.error().message);
    owner_.on_keys(issuer_, std::make_shared<const JwkSet>(std::move(*keys)));
    owner_.on_key_trouble(issuer_, "");
  }

  const std::string issuer_;
  const std::string path_;
  EventLoop& loop_;
  KeySourceOwner& owner_;
  Deadline next_look_;
  FileStamp stamp_;  // when it was last read
  std::shared_ptr<const JwkSet> first_keys_;
};

}  // namespace

Result<std::unique_ptr<KeySource>> make_key_file(const JwtConfig& issuer, EventLoop& loop,
                                                 KeySourceOwner& owner) {
  auto source = std::make_unique<KeyFile>(issuer, loop, owner);
  if (Result<void> opened = source->open(); !opened)
    return Error{"the keys of issuer " + issuer.issuer + ": " + opened.error().message};
  return std::unique_ptr<KeySource>(std::move(source));
}

}  // namespace sluice
