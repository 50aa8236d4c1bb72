#include "proxy/gate/captured_fields.h"

#include "proxy/crypto.h"
#include "proxy/json_text.h"

namespace sluice {

void record_fields(const Decision& decision, const Secret& salt, AuditRecord& record) {
  JsonText text;
  for (const BodyField& field : decision.fields) {
    text.clear();
    if (field.is_string) text.string(field.text);
    std::string json(field.is_string ? text.view() : field.text);
    if (field.hash) json = "\"hmac-sha256:" + hex(hmac_sha256(salt.reveal(), json)) + "\"";
    record.fields.emplace_back(field.pointer, std::move(json));
    if (field.cut) record.fields_cut.push_back(field.pointer);
  }
  record.fields_left_out = decision.fields_left_out;
}

}  // namespace sluice
