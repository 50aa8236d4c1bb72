#include "proxy/admin/process_figures.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>

namespace sluice {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Unix time; proc(5), field 22 of stat is in ticks since the boot. The name before may hold anything.
std::optional<double> read_start_time() {
  constexpr int kFieldsBetween = 19;  // from behind the name
  std::ifstream file("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < kFieldsBetween; ++i) fields >> skipped;
  uint64_t ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  const double boot = seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME);
  return boot + static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> open_descriptors() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return std::nullopt;
  double count = -1;  // the folder's own
  while (const dirent* const entry = ::readdir(folder))
    if (entry->d_name[0] != '.') ++count;
  ::closedir(folder);
  return count;
}

}  // namespace

std::vector<MetricSample> process_samples() {
  static const std::optional<double> kStarted = read_start_time();
  std::vector<MetricSample> samples;
  const auto gauge = [&samples](const char* name, const char* help, double value) {
    samples.push_back({name, help, MetricType::kGauge, {}, value});
  };
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0)
    samples.push_back({"process_cpu_seconds_total",
                       "Processor time that the process has used.",
                       MetricType::kCounter,
                       {},
                       seconds(usage.ru_utime) + seconds(usage.ru_stime)});
  uint64_t pages = 0;
  uint64_t resident = 0;
  if (std::ifstream("/proc/self/statm") >> pages >> resident) {
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    gauge("process_virtual_memory_bytes", "Memory that the process has mapped.",
          static_cast<double>(pages) * page);
    gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.",
          static_cast<double>(resident) * page);
  }
  if (const auto open = open_descriptors()) gauge("process_open_fds", "Open file descriptors.", *open);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    gauge("process_max_fds", "File descriptors that the process may open.",
          static_cast<double>(limit.rlim_cur));
  if (kStarted) gauge("process_start_time_seconds", "Unix time at which the process started.", *kStarted);
  return samples;
}

}  // namespace sluice
