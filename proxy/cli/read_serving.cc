#include "proxy/cli/read_serving.h"

#include "config/wipe.h"
#include "proxy/cli/load.h"
#include "proxy/gate/watched_files.h"
#include "proxy/net/passed_sockets.h"

namespace sluice {

ServingRead read_serving(const std::string& path, const Serving* before, Secrets& secrets) {
  ServingRead read;
  const FileStamp of_configuration = stamp_file(path);
  const auto note_files = [&](const Config& config) {
    read.files = watched_files(config);
    read.stamps = stamp_files(read.files);
    read.stamps.front() = of_configuration;
  };
  std::optional<Loaded> loaded = load_files(path, read.findings, std::nullopt, note_files);
  if (!loaded || read.findings.has_errors()) return read;
  passed_sockets().claim(loaded->config, read.findings);
  if (read.findings.has_errors()) return read;
  ServingTexts texts{std::move(loaded->policy_text), loaded->policy_sha256, loaded->config_sha256};
  auto serving =
      make_serving(std::move(loaded->config), std::move(loaded->engine), std::move(texts), before, &secrets);
  wipe_thread();
  if (serving) {
    read.serving = std::move(*serving);
  } else {
    read.findings.error({path, 0, 0}, kUnavailable, serving.error().message);
  }
  return read;
}

}  // namespace sluice
