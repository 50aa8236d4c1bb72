// key_url: keys from a URL (interface 2.6): fetched at start, again as its Cache-Control says, and at once
// when a token names a key that is not there, for which it is asked at most once a minute. Redirects are not
// followed; an answer over 1MiB, of another status than 200, or without a usable key changes nothing.
// Link-local and cloud metadata addresses are never asked.
#pragma once

#include "proxy/identity/key_source.h"

namespace sluice {

// An error: the certificates to verify it with cannot be read.
Result<std::unique_ptr<KeySource>> make_key_url(const JwtConfig& issuer, EventLoop& loop, Resolver& resolver,
                                                KeySourceOwner& owner, const KeyTimes& times);

}  // namespace sluice
