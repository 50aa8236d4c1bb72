#include "proxy/audit/formats/event_format.h"

#include "proxy/audit/formats/makers.h"

namespace sluice {

bool EventFormat::carries(AuditType /*type*/) const { return true; }

Verdict EventFormat::judge(const HttpResult& result) const { return judge_status(result); }

std::string EventFormat::explain(const HttpResult& /*result*/) const { return {}; }

std::unique_ptr<EventFormat> make_event_format(WebhookFormat format) {
  switch (format) {
    case WebhookFormat::kCloudEvents: return make_cloud_events_format();
    case WebhookFormat::kCloudEventsBatch: return make_cloud_events_batch_format();
    case WebhookFormat::kOcsf: return make_ocsf_format();
    case WebhookFormat::kEcs: return make_ecs_format();
    case WebhookFormat::kSplunkHec: return make_splunk_hec_format();
    case WebhookFormat::kSlack: return make_slack_format();
  }
  return make_cloud_events_format();
}

Verdict judge_status(const HttpResult& result) {
  if (!result.error.empty()) return Verdict::kLater;
  if (result.status >= 200 && result.status <= 299) return Verdict::kTaken;
  switch (result.status) {
    case 410: return Verdict::kGone;
    case 400:
    case 413:
    case 415:
    case 422: return Verdict::kRefused;
    default: return Verdict::kLater;
  }
}

}  // namespace sluice
