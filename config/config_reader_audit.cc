// The `audit` block of a configuration.
#include "config/config_parts.h"
#include "config/yaml_reader.h"

namespace sluice {
namespace {

void read_retain(const Value& value, AuditConfig& audit, const ReadContext& context) {
  MapReader map(value, "retain", context.findings);
  map.size("size", audit.retain_size, 64_KiB, 1'048'576_GiB);
  map.duration("age", audit.retain_age, kSecond, 36'500 * kDay);
  map.finish();
}

}  // namespace

std::string default_spool(const std::string& file) { return resolve_path(file, "audit.db"); }

AuditConfig read_audit(const Value& value, const KnownNames& known, const ReadContext& context) {
  AuditConfig audit;
  audit.spool = default_spool(context.file);
  MapReader map(value, "audit", context.findings);
  read_path(map, "spool", audit.spool, context);
  map.choice("durability", {{"power", Durability::kPower}, {"process", Durability::kProcess}},
             audit.durability);
  if (const Value* retain = map.optional("retain")) read_retain(*retain, audit, context);
  if (const Value* key = map.optional("checkpoint_key"))
    audit.checkpoint_key = read_secret_ref(*key, "checkpoint_key", context);
  map.choice("when_unavailable", {{"block", WhenUnavailable::kBlock}, {"allow", WhenUnavailable::kAllow}},
             audit.when_unavailable);
  if (const Value* webhooks = map.optional("webhooks")) {
    audit.webhooks = read_webhooks(*webhooks, known, context);
  }
  map.finish();
  return audit;
}

}  // namespace sluice
