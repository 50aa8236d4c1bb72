// process_figures: what the process takes of the machine, under the names of Prometheus' own clients. Any
// thread. What the system does not say is left out.
#pragma once

#include <vector>

#include "proxy/admin/metrics.h"

namespace sluice {

std::vector<MetricSample> process_samples();

}  // namespace sluice
