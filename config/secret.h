// Secret: the one type that holds a vendor key, a client token or a webhook secret.
// It cannot be printed or compared but in constant time, and its memory is wiped when freed.
// SecretRef: where a secret comes from (interface 2.1). Resolving is secret_source.h.
#pragma once

#include <string>
#include <string_view>

#include "config/finding.h"
#include "config/units.h"

namespace sluice {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();

  bool empty() const { return value_.empty(); }
  // For the one place that needs the octets. Never store, log or format the view.
  std::string_view reveal() const { return value_; }
  // Takes time that depends on the lengths only.
  bool equals(std::string_view other) const;

 private:
  std::string value_;
};

struct SecretRef {
  enum class Kind { kNone, kEnv, kFile, kSealed, kVault };
  Kind kind = Kind::kNone;
  std::string name;  // of the variable or the sealed secret, the file's path, resolved, or vault's PATH#KEY
  Position at;
  // What proxy/keys has read: of kSealed and kVault always, of the others where their place gives nothing any
  // more and the last good value is still used. Empty: it is read where it is resolved.
  Secret fetched{};
  Nanos usable_until = Nanos::max();  // of a vendor's key that is lost; on the monotonic clock
};

// "env NAME", "file PATH", "sealed NAME", "vault PATH#KEY".
std::string to_text(const SecretRef& ref);

}  // namespace sluice
