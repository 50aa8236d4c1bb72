#include "proxy/gate/certificate_watcher.h"

#include <ctime>

#include "proxy/log.h"

namespace sluice {

namespace {

constexpr Millis kLookInterval{1'000};
constexpr Millis kWarnInterval = kDay;
constexpr int64_t kDaySeconds = 24 * 3600;
constexpr int64_t kSoon = 14 * kDaySeconds;

void warn(const std::string& place, const CertificateInfo& certificate) {
  const std::string warning = warn_of_end(certificate.ends, std::time(nullptr));
  if (warning.empty()) return;
  log_warning(warning, {{"for", place},
                        {"file", certificate.file},
                        {"not_after", certificate.not_after},
                        {"sha256", certificate.sha256}});
}

}  // namespace

std::string warn_of_end(int64_t ends, int64_t now) {
  if (now >= ends) return "certificate has expired";
  if (ends - now < kSoon) return "certificate expires soon";
  return {};
}

void CertificateWatcher::watch(std::string place, TlsContext& context) {
  watched_.push_back({std::move(place), &context, context.stamps()});
}

void CertificateWatcher::start() {
  warn_of_ends();
  deadline_.set(loop_.deadlines(), kLookInterval);
}

void CertificateWatcher::warn_of_ends() {
  warn_at_ = loop_.now() + kWarnInterval;
  for (const Watched& watched : watched_) {
    const auto material = watched.context->material();
    for (const CertificateInfo& certificate : material->certificates()) warn(watched.place, certificate);
  }
}

void CertificateWatcher::on_deadline() {
  for (Watched& watched : watched_) look(watched);
  if (loop_.now() >= warn_at_) warn_of_ends();
  deadline_.set(loop_.deadlines(), kLookInterval);
}

void CertificateWatcher::look(Watched& watched) {
  std::vector<FileStamp> stamps = stamp_files(watched.context->files());
  if (stamps == watched.context->stamps()) return;
  if (stamps != watched.seen) {  // still being written, perhaps
    watched.seen = std::move(stamps);
    return;
  }
  if (const Result<void> reloaded = watched.context->reload(); !reloaded) {
    log_error("certificates not reloaded: the old ones stay",
              {{"for", watched.place}, {"reason", reloaded.error().message}});
    return;
  }
  const auto material = watched.context->material();
  if (material->certificates().empty()) log_info("authorities reloaded", {{"for", watched.place}});
  for (const CertificateInfo& certificate : material->certificates()) {
    log_info("certificate reloaded", {{"for", watched.place},
                                      {"file", certificate.file},
                                      {"not_after", certificate.not_after},
                                      {"sha256", certificate.sha256}});
    warn(watched.place, certificate);
  }
}

}  // namespace sluice
