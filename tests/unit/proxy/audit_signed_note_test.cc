#include "proxy/audit/signed_note.h"

#include <gtest/gtest.h>

#include "proxy/audit/checkpoint.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

// Of the tests of golang.org/x/mod/sumdb/note.
constexpr const char* kPeterPrivate = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";  // 0x01 and the seed
constexpr const char* kPeter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* kEnoch = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const std::string kText =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const std::string kPeterLine =
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const std::string kEnochLine =
    "— EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

NoteVerifier verifier(std::string_view text) {
  auto parsed = parse_note_verifier(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed ? *parsed : NoteVerifier{};
}

// PKCS#8 of RFC 8410 7, with the seed at its end.
Ed25519Key key_of(const std::string& seed) {
  const std::string head("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
  auto key = Ed25519Key::from_pem("-----BEGIN PRIVATE KEY-----\n" + base64_encode(head + seed) +
                                  "\n-----END PRIVATE KEY-----\n");
  EXPECT_TRUE(key.has_value());
  return key ? std::move(*key) : Ed25519Key::generate();
}

NoteVerdict verdict(const std::string& note, std::vector<NoteVerifier> keys) {
  const auto parsed = parse_note(note);
  EXPECT_TRUE(parsed.has_value()) << note;
  return parsed ? verify_note(*parsed, keys) : NoteVerdict::kUnknownKey;
}

TEST(SignedNote, SignsTheNoteOfGosDocumentationOctetForOctet) {
  const NoteSigner signer("PeterNeumann", key_of(base64_decode(kPeterPrivate)->substr(1)));
  EXPECT_EQ(signer.sign(kText), kText + "\n" + kPeterLine);
  EXPECT_EQ(to_text(signer.verifier()), kPeter);
}

TEST(SignedNote, VerifiesTheNotesOfGoAndOfTheSpecification) {
  EXPECT_EQ(verdict(kText + "\n" + kPeterLine + kEnochLine, {verifier(kPeter)}), NoteVerdict::kGood);
  EXPECT_EQ(verdict(kText + "\n" + kPeterLine + kEnochLine, {verifier(kEnoch)}), NoteVerdict::kGood);
  EXPECT_EQ(
      verdict("This is an example message.\n\n— example.com/foo "
              "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72Ineya"
              "QM=\n",
              {verifier("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")}),
      NoteVerdict::kGood);
}

TEST(SignedNote, TellsAnUnknownKeyFromAWrongSignature) {
  EXPECT_EQ(verdict(kText + "\n" + kPeterLine, {verifier(kEnoch)}), NoteVerdict::kUnknownKey);
  EXPECT_EQ(verdict(kText + "\n" + kPeterLine, {}), NoteVerdict::kUnknownKey);
  EXPECT_EQ(verdict("x" + kText + "\n" + kPeterLine, {verifier(kPeter)}), NoteVerdict::kWrongSignature);
  // A good signature does not make up for a wrong one of a known key.
  std::string bad = kEnochLine;
  bad[40] = bad[40] == 'A' ? 'B' : 'A';
  EXPECT_EQ(verdict(kText + "\n" + kPeterLine + bad, {verifier(kPeter), verifier(kEnoch)}),
            NoteVerdict::kWrongSignature);
  EXPECT_EQ(verdict(kText + "\n" + kPeterLine + bad, {verifier(kPeter)}), NoteVerdict::kGood);
}

TEST(SignedNote, RefusesWhatIsNotANote) {
  const std::string good = kText + "\n" + kPeterLine;
  std::string many = kText + "\n";
  for (size_t i = 0; i <= kMostNoteSignatures; ++i) many += kPeterLine;
  const std::vector<std::string> bad = {"",
                                        kText,
                                        kText + "\n",
                                        good.substr(0, good.size() - 1),
                                        "\x01" + good,
                                        "\xff" + good,
                                        kText + "\n— Bad Name x08go/ZJkuBS9UG=\n",
                                        kText + "\n— a+b x08go/ZJ\n",
                                        kText + "\n— a\xC2\xA0" + "b x08go/ZJ\n",
                                        kText + "\n— a x08goA==\n",
                                        good + "Unexpected line.\n",
                                        many,
                                        std::string(kMaximumNoteSize, 'a') + "\n" + good};
  for (const std::string& text : bad) EXPECT_FALSE(parse_note(text)) << text.substr(0, 200);
  const std::string within = "a\n\nb\n\n" + kPeterLine;
  EXPECT_EQ(parse_note(within)->text, "a\n\nb\n");
}

TEST(SignedNote, RefusesEveryMangledPublicKey) {
  const std::string good = kPeter;
  for (size_t from = 0; from < good.size(); ++from)
    for (size_t to = from; to <= good.size(); ++to)
      if (to - from < good.size()) {
        EXPECT_FALSE(parse_note_verifier(good.substr(from, to - from)));
      }
  for (size_t at = 0; at < good.size(); ++at) {
    std::string flipped = good;
    ++flipped[at];
    EXPECT_FALSE(parse_note_verifier(flipped)) << flipped;
  }
  EXPECT_FALSE(
      parse_note_verifier("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=="));
  EXPECT_FALSE(parse_note_verifier("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
}

TEST(Checkpoint, IsThreeLinesOfACheckpointAndTheTime) {
  const Checkpoint checkpoint{"0198", {42, std::string(64, 'a')}, "2026-01-31T12:00:00.000Z"};
  const std::string text = to_text(checkpoint);
  EXPECT_EQ(
      text,
      "sluice/0198/chain-head\n42\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n2026-01-31T12:00:00.000Z\n");
  const auto parsed = parse_checkpoint(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->spool_id, "0198");
  EXPECT_EQ(parsed->head, checkpoint.head);
  EXPECT_EQ(parsed->time, checkpoint.time);
  const std::string removed = to_text(Removal{"0198", 7, "2026-01-31T12:00:00.000Z"});
  EXPECT_EQ(removed, "sluice/0198/removed\n7\n2026-01-31T12:00:00.000Z\n");
  EXPECT_EQ(parse_removal(removed)->through, 7U);
  EXPECT_FALSE(parse_removal(text));
  EXPECT_FALSE(parse_checkpoint(removed));
}

TEST(Checkpoint, HasOneTextForOneValue) {
  const std::string rest = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n2026-01-31T12:00:00.000Z\n";
  EXPECT_TRUE(parse_checkpoint("sluice/x/chain-head\n42\n" + rest));
  for (const char* start :
       {"sluice/x/chain-head\n042\n", "sluice/x/chain-head\n+42\n", "sluice/x/chain-head\n\n",
        "sluice/x/chain-head\n42 \n", "sluice//chain-head\n42\n", "other/x/chain-head\n42\n",
        "sluice/x/chain-head\n18446744073709551616\n", "sluice/x/chain-head\n42\n\n"})
    EXPECT_FALSE(parse_checkpoint(start + rest)) << start;
  EXPECT_FALSE(parse_checkpoint("sluice/x/chain-head\n42\n" + rest + "more\n"));
}

TEST(Ed25519, SignsTheVectorOfRfc8032AndGoesThroughPem) {
  // RFC 8032 7.1, test 1: the empty message.
  std::string seed;
  for (const char* digits = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"; *digits != 0;
       digits += 2)
    seed += static_cast<char>(std::stoi(std::string(digits, 2), nullptr, 16));
  const Ed25519Key key = key_of(seed);
  const Ed25519Signature signature = key.sign("");
  const std::string_view octets(reinterpret_cast<const char*>(signature.data()), signature.size());
  EXPECT_EQ(hex(octets),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b");
  EXPECT_TRUE(ed25519_verify(key.public_key(), "", octets));
  EXPECT_FALSE(ed25519_verify(key.public_key(), "a", octets));
  EXPECT_FALSE(ed25519_verify(key.public_key(), "", octets.substr(1)));
  const auto again = Ed25519Key::from_pem(key.to_pem().reveal());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_NE(Ed25519Key::generate().public_key(), Ed25519Key::generate().public_key());
}

TEST(Ed25519, TakesNoKeyOfAnotherKind) {
  EXPECT_FALSE(Ed25519Key::from_pem(""));
  EXPECT_FALSE(Ed25519Key::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  // X25519 (RFC 8410 10.3 has its kind).
  const std::string head("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x6e\x04\x22\x04\x20", 16);
  EXPECT_FALSE(Ed25519Key::from_pem("-----BEGIN PRIVATE KEY-----\n" +
                                    base64_encode(head + std::string(32, 'k')) +
                                    "\n-----END PRIVATE KEY-----\n"));
}

}  // namespace
}  // namespace sluice
