#include "config/config_parts.h"
#include "config/secret_refs.h"

namespace sluice {

SealedKeysConfig read_sealed_keys(const Value& value, const ReadContext& context) {
  SealedKeysConfig sealed;
  sealed.at = value.at;
  MapReader map(value, "sealed_keys", context.findings);
  read_required_path(map, "path", sealed.path, context);
  if (const Value* master = map.required("master")) {
    sealed.master = read_secret_ref(*master, "master", context, SecretPlaces::kOpen);
  }
  map.finish();
  return sealed;
}

void check_sealed_section(const Config& config, const ReadContext& context) {
  if (config.sealed_keys) return;
  for_each_secret_ref(config, [&context](const SecretRef& ref, std::string_view what) {
    if (ref.kind != SecretRef::Kind::kSealed) return;
    context.findings.error(
        ref.at, "no-sealed-keys",
        std::string(what) + ": sealed " + ref.name +
            " has no store, add sealed_keys: { path: keys.sealed, master: { env: NAME } }");
  });
}

}  // namespace sluice
