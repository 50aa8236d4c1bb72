#include "proxy/audit/spool_opening.h"

#include "proxy/audit/checkpoint.h"
#include "proxy/audit/checkpoint_file.h"
#include "proxy/audit/signed_note.h"
#include "proxy/audit/spool_file.h"
#include "proxy/log.h"

namespace sluice {
namespace {

Result<OpenedSpool> begin_anew(const AuditConfig& config, const Error& why) {
  auto aside = set_spool_aside(config.spool);
  if (!aside) return aside.error();
  log_error(
      "the audit spool is damaged and was set aside: a new one begins, and what no webhook has taken is "
      "in the old one",
      {{"spool", *aside}, {"why", why.message}});
  auto fresh = Spool::open(config.spool, config.durability, SpoolCheck::kAll);
  if (!fresh) return fresh.error();
  SpoolBefore before{"the spool was damaged and set aside", {{"set_aside", *aside}, {"why", why.message}}};
  return OpenedSpool{std::move(*fresh), std::move(before)};
}

// What the newest line of the checkpoint file says of another spool than this one.
SpoolBefore missing_spool(const AuditConfig& config, const Spool& spool) {
  const auto lines = read_checkpoint_file(config.spool + ".checkpoints");
  if (!lines || lines->empty()) return {};
  const auto note = parse_note(lines->back().head.note);
  const auto last = note ? parse_checkpoint(note->text) : std::nullopt;
  if (!last || last->spool_id == spool.id()) return {};
  log_error("the audit spool is new, and beside it are signed ends of another one that is gone",
            {{"missing_spool", last->spool_id}, {"signed_to", std::to_string(last->head.sequence)}});
  return {"the spool before this one is gone",
          {{"missing_spool", last->spool_id}, {"signed_to", std::to_string(last->head.sequence)}}};
}

}  // namespace

Result<OpenedSpool> open_spool_to_write(const AuditConfig& config) {
  bool damaged = false;
  auto spool = Spool::open(config.spool, config.durability, SpoolCheck::kAll, &damaged);
  if (!spool && damaged) return begin_anew(config, spool.error());
  if (!spool) return spool.error();
  SpoolBefore before;
  if ((*spool)->head().sequence == 0) before = missing_spool(config, **spool);
  return OpenedSpool{std::move(*spool), std::move(before)};
}

}  // namespace sluice
