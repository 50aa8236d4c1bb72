// Identity: which client a request comes from. A token stands where tools put the vendor's key: x-api-key,
// Authorization: Bearer TOKEN, Authorization: APIKEY TOKEN (also base64). A JWT stands in Authorization:
// Bearer alone. Without either, a verified client certificate. Tokens are kept and compared as SHA-256
// digests, every one of them each time. Immutable; any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/crypto.h"
#include "proxy/http/h1_parser.h"
#include "proxy/identity/auth_failure.h"
#include "proxy/identity/key_snapshot.h"
#include "proxy/net/byte_stream.h"

namespace sluice {

class Identity {
 public:
  using Time = std::chrono::system_clock::time_point;

  // Resolves the clients' tokens. Two clients with one token are an error. `credential_headers`: of all APIs:
  // whichever of them a request has, the gate alone reads it.
  static Result<Identity> resolve(const std::vector<ClientConfig>& clients,
                                  const IdentityConfig& identity = {},
                                  std::vector<std::string> credential_headers = {});

  // The texts are valid as long as this.
  struct Answer {
    std::optional<size_t> client{};        // index into Config::clients
    AuthFailure why = AuthFailure::kNone;  // when there is none
    std::string_view newer_keys_of{};      // not empty: an issuer whose newer keys may tell
    std::string_view issuer{}, subject{};  // of a JWT that holds: who says so, and what its client claim says
  };
  // `credential_header` is the name of the API's own header, lower case, looked at like x-api-key.
  Answer identify(const std::vector<HeaderField>& fields, std::string_view credential_header,
                  const ByteStream& stream, const KeySnapshot& keys, Time now) const;
  // A field that may carry the credential, alone.
  Answer identify_field(const HeaderField& field, std::string_view credential_header, const KeySnapshot& keys,
                        Time now) const;
  // One credential as it stands behind Bearer: a JWT, or a client's token.
  Answer identify_bearer(std::string_view token, const KeySnapshot& keys, Time now) const;
  // A client's token, where no JWT may stand.
  Answer identify_token(std::string_view token, Time now) const;

  const std::vector<std::string>& credential_headers() const { return credential_headers_; }
  // Whether a JWT is ever believed; without, the keys given are not looked at.
  bool knows_issuers() const { return !issuers_.empty(); }
  // Of every token, with its client, in the order of the configuration.
  std::vector<std::pair<size_t, std::string>> token_fingerprints() const;

 private:
  struct Token {
    Sha256 digest;
    size_t client;
    std::optional<Time> expires;
  };
  struct Subject {
    JwtSubject of;
    size_t client;
  };
  Result<void> add_client(const std::vector<ClientConfig>& clients, size_t index);
  Answer identify_certificate(const ByteStream& stream) const;
  Answer identify_authorization(std::string_view value, const KeySnapshot& keys, Time now) const;
  Answer client_of(const std::vector<std::string>& subjects, std::string_view issuer) const;
  Answer identify_jwt(std::string_view token, const KeySnapshot& keys, Time now) const;

  std::vector<std::string> credential_headers_;
  std::vector<JwtConfig> issuers_;
  std::vector<Token> tokens_;
  std::vector<Subject> subjects_;
  std::vector<std::pair<std::string, size_t>> sans_;
  std::vector<std::pair<Sha256, size_t>> certificates_;  // by their SHA-256
};

// A scheme's argument in a field of credentials: "Bearer x" -> "x". Empty when the scheme is another.
std::string_view argument_of(std::string_view value, std::string_view scheme);

// Whether a field may carry the caller's credential: it is read by identify() and never forwarded.
// `others`: of the other APIs.
bool is_credential_field(const HeaderField& field, std::string_view credential_header,
                         std::span<const std::string> others = {});

}  // namespace sluice
