// The formats, one function for each file beside this; only event_format.cc calls them.
#pragma once

#include <memory>

#include "proxy/audit/formats/event_format.h"

namespace sluice {

std::unique_ptr<EventFormat> make_cloud_events_format();
std::unique_ptr<EventFormat> make_cloud_events_batch_format();
std::unique_ptr<EventFormat> make_ocsf_format();
std::unique_ptr<EventFormat> make_ecs_format();
std::unique_ptr<EventFormat> make_splunk_hec_format();
std::unique_ptr<EventFormat> make_slack_format();

}  // namespace sluice
