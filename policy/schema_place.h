// schema_place: what a catalogue's body schema says of the place that a JSON Pointer names. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "policy/catalogue/catalogue.h"

namespace sluice {

enum class SchemaPlace : uint8_t {
  kUnknown,     // the schema names no such place
  kCredential,  // a member tagged credential-write, or something in it
  kContainer,   // an object or an array
  kValue,       // a single value, or something of any type
};

// `segments` are a pointer's, folded where the catalogue is case-insensitive; "*" is every item of an array.
SchemaPlace find_place(const BodySchema& schema, std::span<const std::string> segments);

// Pointers to every place of kind kValue, sorted, with * for the items of arrays: for suggestions.
std::vector<std::string> value_places(const BodySchema& schema);

}  // namespace sluice
