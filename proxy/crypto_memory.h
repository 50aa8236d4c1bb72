// wipe_crypto_memory: has OpenSSL clear whatever it frees. Call it first of all: OpenSSL refuses once it has
// allocated anything; the process ends then.
#pragma once

namespace sluice {

void wipe_crypto_memory();

}  // namespace sluice
