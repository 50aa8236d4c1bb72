// signed_note: a text with signatures that any tool for this format can check: c2sp.org/signed-note, as Go's
// golang.org/x/mod/sumdb/note writes it, with Ed25519 keys (type 0x01). A note is the text, which ends in a
// newline, a blank line, and lines of "— NAME base64(4-octet key id || signature)". A verifier's key as text
// is "NAME+hexadecimal key id+base64(0x01 || public key)". What is read may be hostile: its size and the
// number of its signatures are bounded. Pure values; any thread. Signing costs about 50 us, checking 120 us.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.h"
#include "proxy/crypto_ed25519.h"

namespace sluice {

// Who may sign: the public half of a key, and its name.
struct NoteVerifier {
  std::string name;
  std::array<uint8_t, 4> id{};  // the start of SHA-256(name || 0x0A || 0x01 || public key)
  Ed25519PublicKey key{};
  friend bool operator==(const NoteVerifier&, const NoteVerifier&) = default;
};

NoteVerifier make_note_verifier(std::string name, const Ed25519PublicKey& key);
std::string to_text(const NoteVerifier& verifier);
// Fails for what is not the text of an Ed25519 key, or whose key id does not belong to it.
Result<NoteVerifier> parse_note_verifier(std::string_view text);

class NoteSigner {
 public:
  // Requires: `name` is not empty and has neither blanks nor '+'.
  NoteSigner(std::string name, Ed25519Key key);
  const NoteVerifier& verifier() const { return verifier_; }
  // The whole note. Requires: `text` ends in a newline and is UTF-8 without other control characters.
  std::string sign(std::string_view text) const;

 private:
  Ed25519Key key_;
  NoteVerifier verifier_;
};

struct SignedNote {
  struct Signature {
    std::string name;
    std::array<uint8_t, 4> id{};
    std::string octets;  // without the id
  };
  std::string text;  // with its final newline
  std::vector<Signature> signatures;
};

constexpr size_t kMaximumNoteSize = 1 << 20;
constexpr size_t kMostNoteSignatures = 100;

// nullopt for what is not a note.
std::optional<SignedNote> parse_note(std::string_view note);

// kGood: a known key signed it, and no signature of a known key is wrong.
enum class NoteVerdict : uint8_t { kGood, kUnknownKey, kWrongSignature };
NoteVerdict verify_note(const SignedNote& note, std::span<const NoteVerifier> keys);

}  // namespace sluice
