// TicketKeys: what seals and opens the session tickets of one listener (RFC 5077, RFC 8446 4.6.1), so that a
// client's next connection needs no full handshake and the gate keeps nothing for it. A new key every hour;
// one opens tickets for two hours after it last sealed, which is as long as a session lasts. Keys are never
// written anywhere, and are wiped. Owner: TlsContext and the materials made from it, over reloads. Thread:
// any.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>

#include "config/units.h"

typedef struct ssl_ctx_st SSL_CTX;

namespace sluice {

class TicketKeys {
 public:
  static constexpr size_t kNameSize = 16;
  static constexpr Nanos kSealsFor = std::chrono::hours(1);
  static constexpr Nanos kSessionTime = std::chrono::hours(2);

  struct Key {
    std::array<uint8_t, kNameSize> name{};  // goes in clear with the ticket
    std::array<uint8_t, 32> cipher{};       // AES-256-CBC
    std::array<uint8_t, 32> mac{};          // HMAC-SHA-256
    Key() = default;
    Key(const Key&) = default;
    Key& operator=(const Key&) = default;
    ~Key();
  };
  struct Opening {
    Key key;
    bool renew;  // another key seals by now: the client should get a new ticket
  };

  // `now` is of a clock that only goes forward.
  Key sealing(Nanos now);
  std::optional<Opening> opening(std::span<const uint8_t, kNameSize> name, Nanos now);

  // Makes a context's tickets sealed by these keys. Requires: they outlive it.
  void serve(SSL_CTX* context);

 private:
  struct Dated {
    Key key;
    Nanos made{0};
  };
  std::mutex mutex_;
  std::deque<Dated> keys_;  // newest first; guarded by mutex_
};

}  // namespace sluice
