// KeySource: where one issuer's keys come from: a file that is read again when it changes, or a URL that is
// asked again. Whatever the source does (hangs, lies, vanishes), the last good keys stay. Owner: KeySets.
// Thread: made on any; the rest on the loop's, which it must be destroyed on once started.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/identity.h"
#include "config/result.h"
#include "proxy/identity/jwk_set.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/resolver.h"

namespace sluice {

// When a URL is asked.
struct KeyTimes {
  Millis shortest{300'000};      // what its Cache-Control may say at least
  Millis longest = kDay;         // and at most
  Millis usual = kHour;          // without one
  Millis after_failure{60'000};  // again
  Millis between_asks{60'000};   // for the sake of an unknown kid
  Millis patience{10'000};       // with an answer
};

// Told on the loop's thread.
class KeySourceOwner {
 public:
  virtual void on_keys(const std::string& issuer, std::shared_ptr<const JwkSet> keys) = 0;
  // "": all is well again.
  virtual void on_key_trouble(const std::string& issuer, const std::string& trouble) = 0;

 protected:
  ~KeySourceOwner() = default;
};

class KeySource {
 public:
  virtual ~KeySource() = default;
  // What is there already: of a file its keys, of a URL nothing.
  virtual std::shared_ptr<const JwkSet> first_keys() const = 0;
  virtual void start() = 0;
  // A token names a key that is not there. `done` is called once, when newer keys have been taken up or
  // cannot be had; perhaps at once.
  virtual void ask(std::function<void()> done) = 0;
};

// An error: the file cannot be used, or the certificates of the URL cannot be read.
Result<std::unique_ptr<KeySource>> make_key_source(const JwtConfig& issuer, EventLoop& loop,
                                                   Resolver& resolver, KeySourceOwner& owner,
                                                   const KeyTimes& times);

// How long the keys of an answer may be used, by its Cache-Control (RFC 9111 5.2.2), within the bounds.
Millis refresh_after(const std::vector<std::pair<std::string, std::string>>& headers, const KeyTimes& times);

}  // namespace sluice
