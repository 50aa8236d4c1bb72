// `capture` of the `audit` block: which fields of bodies the events carry. Whether the catalogues know them
// is said when the policy is compiled (policy/capture.h).
#include "config/config_parts.h"

namespace sluice {
namespace {

constexpr size_t kLongestPointer = 256;  // it stands in every event that has the field

std::vector<PlacedText> read_placed(MapReader& map, std::string_view key, const ReadContext& context) {
  std::vector<PlacedText> texts;
  const Value* value = map.required(key);
  if (value == nullptr) return texts;
  for (const Value* text : read_scalars(*value, key, context.findings)) {
    if (text->text.size() > kLongestPointer) {
      context.findings.error(text->at, "invalid-value", std::string(key) + ": expected at most 256 octets");
      continue;
    }
    texts.push_back({text->text, text->at});
  }
  if (value->is_list() && value->items.empty()) {
    context.findings.error(value->at, "invalid-value",
                           std::string(key) + ": the list is empty, name at least one");
  }
  return texts;
}

std::vector<CaptureConfig> read_captures(const Value& value, const ReadContext& context) {
  std::vector<CaptureConfig> captures;
  if (!value.is_list() && !value.reported) {
    context.findings.error(value.at, "wrong-type",
                           "capture: expected a list, got " + std::string(kind_name(value.kind)));
  }
  for (const Value& item : value.items) {
    CaptureConfig capture;
    MapReader map(item, "a capture", context.findings);
    capture.at = item.at;
    capture.operations = read_placed(map, "operations", context);
    capture.fields = read_placed(map, "fields", context);
    map.boolean("hash", capture.hash);
    map.finish();
    captures.push_back(std::move(capture));
  }
  return captures;
}

}  // namespace

void read_capture(MapReader& map, AuditConfig& audit, const ReadContext& context) {
  if (const Value* captures = map.optional("capture")) audit.captures = read_captures(*captures, context);
  if (const Value* salt = map.optional("capture_salt"))
    audit.capture_salt = read_secret_ref(*salt, "capture_salt", context);
  if (map.optional("capture_salt") != nullptr) return;
  for (const CaptureConfig& capture : audit.captures) {
    if (!capture.hash) continue;
    context.findings.error(capture.at, "missing-key",
                           "hash: it needs capture_salt beside capture, a secret of at least 16 octets: "
                           "use { env: NAME }, { file: PATH }, { sealed: NAME } or { vault: PATH#KEY }");
    return;
  }
}

}  // namespace sluice
