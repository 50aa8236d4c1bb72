// checkpoint_key: the key that signs checkpoints. Configured (audit.checkpoint_key), or made beside the
// spool: SPOOL.key, PKCS#8 in PEM, mode 0600, made once and never written again. The public halves of the
// keys that signed a spool stand in SPOOL.pub (0644), one on a line, the newest last. Thread: the opener's.
// Requires: the SpoolLock, to write. Fails: with the place and the remedy, never with a part of the key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"
#include "config/secret.h"
#include "proxy/audit/signed_note.h"
#include "proxy/crypto_ed25519.h"

namespace sluice {

// A damaged key, and one beside the spool that others may read, is refused.
Result<Ed25519Key> open_checkpoint_key(const SecretRef& configured, const std::string& spool);

// Adds a line to SPOOL.pub unless it is there.
Result<void> publish_checkpoint_key(const std::string& spool, const NoteVerifier& verifier);

// The keys of a file: one on a line; empty lines and those that start with # say nothing.
Result<std::vector<NoteVerifier>> read_public_keys(const std::string& path);

}  // namespace sluice
