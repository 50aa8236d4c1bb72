// Identity: which client a request comes from. A token stands where tools put the vendor's key: x-api-key,
// Authorization: Bearer TOKEN, Authorization: APIKEY TOKEN (also base64); or a verified client certificate.
// Tokens are kept and compared as SHA-256 digests, every one of them each time. Immutable; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/crypto.h"
#include "proxy/http/h1_parser.h"
#include "proxy/net/byte_stream.h"

namespace sluice {

class Identity {
 public:
  // Resolves the clients' tokens. Two clients with one token are an error.
  static Result<Identity> resolve(const std::vector<ClientConfig>& clients);

  struct Answer {
    std::optional<size_t> client;  // index into Config::clients
    std::string_view why;          // when there is none: static text for the caller
  };
  // `credential_header` is the name of the API's own header, lower case, looked at like x-api-key.
  Answer identify(const std::vector<HeaderField>& fields, std::string_view credential_header,
                  const ByteStream& stream) const;
  // Of every token, with its client, in the order of the configuration.
  std::vector<std::pair<size_t, std::string>> token_fingerprints() const;

 private:
  struct Token {
    Sha256 digest;
    size_t client;
  };
  std::optional<size_t> client_of(std::string_view token) const;

  std::vector<Token> tokens_;
  std::vector<std::pair<std::string, size_t>> sans_;
};

// Whether a field may carry the caller's credential: it is read by identify() and never forwarded.
bool is_credential_field(const HeaderField& field, std::string_view credential_header);

}  // namespace sluice
