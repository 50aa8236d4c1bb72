// key_file: keys from a file, which is looked at every second, and whenever a token names a key that is not
// there.
#pragma once

#include "proxy/identity/key_source.h"

namespace sluice {

// An error: the file cannot be read, or has no usable key.
Result<std::unique_ptr<KeySource>> make_key_file(const JwtConfig& issuer, EventLoop& loop,
                                                 KeySourceOwner& owner);

}  // namespace sluice
