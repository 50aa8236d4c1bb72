// h1_writer: heads as octets. Appends to a string that the caller reuses; values come from the parser or from
// the gate itself, never raw from a peer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

// "HTTP/1.1 200 OK\r\n"; the standard phrase where `reason` is empty.
void append_status_line(std::string& out, int status, std::string_view reason = {});
// "Name: value\r\n"
void append_field(std::string& out, std::string_view name, std::string_view value);
void append_field(std::string& out, std::string_view name, uint64_t value);
// One chunk's size line: "1f\r\n". The data and "\r\n" follow it.
void append_chunk_size(std::string& out, uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// RFC 9110 15, or "" for a status that it does not name.
std::string_view reason_phrase(int status);

}  // namespace sluice
