#include "proxy/audit/signed_note.h"

#include <algorithm>
#include <cstring>

#include "config/ascii.h"
#include "config/text_check.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr char kEd25519 = 0x01;                      // signature type
constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a blank
constexpr size_t kMostNameOctets = 1024;             // of a key's text that is read

template <size_t N>
std::string_view view(const std::array<uint8_t, N>& octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// UTF-8 without Unicode's blanks and '+'.
bool is_key_name(std::string_view name) {
  if (name.empty() || name.size() > kMostNameOctets) return false;
  for (std::string_view rest = name; !rest.empty();) {
    const size_t length = utf8_length(rest);
    if (length == 0) return false;
    const std::string_view c = rest.substr(0, length);
    if (length == 1 && (is_control(c[0]) || c[0] == ' ' || c[0] == '+')) return false;
    // U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
    if (c == "\xC2\x85" || c == "\xC2\xA0" || c == "\xE1\x9A\x80" || c == "\xE2\x81\x9F" ||
        c == "\xE3\x80\x80")
      return false;
    if (length == 3 && c.substr(0, 2) == "\xE2\x80") {
      const auto last = static_cast<unsigned char>(c[2]);
      if (last <= 0x8A || last == 0xA8 || last == 0xA9 || last == 0xAF) return false;
    }
    rest.remove_prefix(length);
  }
  return true;
}

// UTF-8, and of the control characters of ASCII only newlines.
bool is_note_text(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0 || (static_cast<unsigned char>(text[0]) < 0x20 && text[0] != '\n')) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::optional<SignedNote::Signature> parse_signature(std::string_view line) {
  if (!line.starts_with(kDash)) return std::nullopt;
  line.remove_prefix(kDash.size());
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos || !is_key_name(line.substr(0, blank))) return std::nullopt;
  const auto octets = base64_decode(line.substr(blank + 1));
  SignedNote::Signature signature;
  if (!octets || octets->size() <= signature.id.size()) return std::nullopt;
  signature.name = line.substr(0, blank);
  std::memcpy(signature.id.data(), octets->data(), signature.id.size());
  signature.octets = octets->substr(signature.id.size());
  return signature;
}

}  // namespace

NoteVerifier make_note_verifier(std::string name, const Ed25519PublicKey& key) {
  std::string hashed = name + '\n' + kEd25519;
  hashed += view(key);
  const Sha256 digest = sha256(hashed);
  NoteVerifier verifier{std::move(name), {}, key};
  std::copy_n(digest.begin(), verifier.id.size(), verifier.id.begin());
  return verifier;
}

std::string to_text(const NoteVerifier& verifier) {
  const std::string octets = kEd25519 + std::string(view(verifier.key));
  return verifier.name + '+' + hex(view(verifier.id)) + '+' + base64_encode(octets);
}

Result<NoteVerifier> parse_note_verifier(std::string_view text) {
  const Error bad{
      "it is not a public key of signed notes: expected NAME+8 hexadecimal digits+base64 on one line"};
  const size_t first = text.find('+');
  if (first == std::string_view::npos || !is_key_name(text.substr(0, first))) return bad;
  const std::string_view rest = text.substr(first + 1);
  const size_t second = rest.find('+');
  if (second == std::string_view::npos) return bad;
  const auto octets = base64_decode(rest.substr(second + 1));
  Ed25519PublicKey key{};
  if (!octets || octets->size() != key.size() + 1 || octets->front() != kEd25519) return bad;
  std::memcpy(key.data(), octets->data() + 1, key.size());
  NoteVerifier verifier = make_note_verifier(std::string(text.substr(0, first)), key);
  if (rest.substr(0, second) != hex(view(verifier.id)))
    return Error{"it is damaged: its name, its number and its key do not belong together"};
  return verifier;
}

NoteSigner::NoteSigner(std::string name, Ed25519Key key)
    : key_(std::move(key)), verifier_(make_note_verifier(std::move(name), key_.public_key())) {}

std::string NoteSigner::sign(std::string_view text) const {
  std::string octets(view(verifier_.id));
  octets += view(key_.sign(text));
  std::string note(text);
  note += '\n';
  note.append(kDash).append(verifier_.name).append(" ").append(base64_encode(octets)) += '\n';
  return note;
}

std::optional<SignedNote> parse_note(std::string_view note) {
  if (note.size() > kMaximumNoteSize || !note.ends_with('\n') || !is_note_text(note)) return std::nullopt;
  const size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return std::nullopt;
  SignedNote parsed{std::string(note.substr(0, blank + 1)), {}};
  std::string_view lines = note.substr(blank + 2);
  if (lines.empty()) return std::nullopt;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    auto signature = parse_signature(lines.substr(0, end));
    if (!signature || parsed.signatures.size() == kMostNoteSignatures) return std::nullopt;
    parsed.signatures.push_back(std::move(*signature));
    lines.remove_prefix(end + 1);
  }
  return parsed;
}

NoteVerdict verify_note(const SignedNote& note, std::span<const NoteVerifier> keys) {
  NoteVerdict verdict = NoteVerdict::kUnknownKey;
  for (const SignedNote::Signature& signature : note.signatures)
    for (const NoteVerifier& key : keys) {
      if (key.name != signature.name || key.id != signature.id) continue;
      if (!ed25519_verify(key.key, note.text, signature.octets)) return NoteVerdict::kWrongSignature;
      verdict = NoteVerdict::kGood;
    }
  return verdict;
}

}  // namespace sluice
