#include "config/secret.h"

#include <utility>

#include "config/wipe.h"

namespace sluice {

Secret::Secret(std::string value) {
  value_.swap(value);
  wipe_all(value);
}

// A short string is copied by its move, so the source is wiped too.
Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { wipe_all(other.value_); }

Secret& Secret::operator=(Secret other) noexcept {
  value_.swap(other.value_);
  return *this;
}

Secret::~Secret() { wipe_all(value_); }

bool Secret::equals(std::string_view other) const {
  if (other.size() != value_.size()) return false;
  volatile unsigned char difference = 0;
  for (size_t index = 0; index < value_.size(); ++index) {
    difference = static_cast<unsigned char>(difference | (value_[index] ^ other[index]));
  }
  return difference == 0;
}

std::string to_text(const SecretRef& ref) {
  switch (ref.kind) {
    case SecretRef::Kind::kNone: break;
    case SecretRef::Kind::kEnv: return "env " + ref.name;
    case SecretRef::Kind::kFile: return "file " + ref.name;
    case SecretRef::Kind::kSealed: return "sealed " + ref.name;
    case SecretRef::Kind::kVault: return "vault " + ref.name;
  }
  return "no secret";
}

}  // namespace sluice
