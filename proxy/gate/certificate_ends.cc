#include "proxy/gate/certificate_ends.h"

#include <algorithm>
#include <ctime>

#include "proxy/log.h"

namespace sluice {

namespace {

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

void log_new(const CertificatePlace& place) {
  const auto material = place.tls->material();
  if (material->certificates().empty()) log_info("authorities reloaded", {{"for", place.name}});
  for (const CertificateInfo& certificate : material->certificates()) {
    log_info("certificate reloaded", {{"for", place.name},
                                      {"file", certificate.file},
                                      {"not_after", certificate.not_after},
                                      {"sha256", certificate.sha256}});
    warn(place.name, certificate);
  }
}

}  // namespace

std::string warn_of_end(int64_t ends, int64_t now) {
  if (now >= ends) return "certificate has expired";
  if (ends - now < kSoon) return "certificate expires soon";
  return {};
}

std::vector<CertificatePlace> certificate_places(const Serving& serving,
                                                 const std::vector<std::string>& listeners) {
  std::vector<CertificatePlace> places;
  for (size_t i = 0; i < listeners.size(); ++i)
    if (serving.listener_tls[i] != nullptr)
      places.push_back({"listener " + listeners[i], serving.listener_tls[i]});
  for (const ServedApi& api : serving.apis)
    if (api.target->tls != nullptr) places.push_back({"api " + api.target->api, api.target->tls});
  return places;
}

std::vector<std::pair<std::string, CertificateInfo>> certificates_in_use(
    const Serving& serving, const std::vector<std::string>& listeners) {
  std::vector<std::pair<std::string, CertificateInfo>> all;
  for (const CertificatePlace& place : certificate_places(serving, listeners)) {
    const auto material = place.tls->material();
    for (const CertificateInfo& certificate : material->certificates())
      all.emplace_back(place.name, certificate);
  }
  if (serving.connect) all.emplace_back("connect", serving.connect->issuer->authority());
  return all;
}

void warn_of_certificate_ends(const Serving& serving, const std::vector<std::string>& listeners) {
  for (const auto& [place, certificate] : certificates_in_use(serving, listeners)) warn(place, certificate);
}

void log_new_certificates(const std::vector<CertificatePlace>& before,
                          const std::vector<CertificatePlace>& now) {
  for (const CertificatePlace& place : now) {
    const auto same = [&place](const CertificatePlace& old) { return old.name == place.name; };
    const auto old = std::find_if(before.begin(), before.end(), same);
    if (old == before.end() || old->tls != place.tls) log_new(place);
  }
}

}  // namespace sluice
