#include "proxy/net/tls_context.h"

#include "config/yaml_reader.h"
#include "proxy/crypto.h"

namespace sluice {

Result<std::unique_ptr<TlsContext>> TlsContext::for_listener(const ListenerTls& files,
                                                             const TlsContext* before) {
  auto made = std::unique_ptr<TlsContext>(new TlsContext);
  made->listener_ = std::make_unique<const ListenerTls>(files);
  const bool goes_on = before != nullptr && before->tickets_ != nullptr;
  made->tickets_ = goes_on ? before->tickets_ : std::make_shared<TicketKeys>();
  made->add_file(files.certificate);
  made->add_file(files.private_key);
  made->authorities_ = files.client_ca;
  made->add_file(files.client_ca);
  for (const CertificateFiles& pair : files.by_name) {
    made->add_file(pair.certificate);
    made->add_file(pair.private_key);
  }
  return open(std::move(made));
}

Result<std::unique_ptr<TlsContext>> TlsContext::for_client(const UpstreamTlsConfig& files) {
  auto made = std::unique_ptr<TlsContext>(new TlsContext);
  made->client_ = std::make_unique<const UpstreamTlsConfig>(files);
  made->authorities_ = files.ca;
  made->add_file(files.ca);
  made->add_file(files.certificate);
  made->add_file(files.private_key);
  return open(std::move(made));
}

Result<std::unique_ptr<TlsContext>> TlsContext::for_client(const std::string& ca_file) {
  UpstreamTlsConfig files;
  files.ca = ca_file;
  return for_client(files);
}

Result<std::unique_ptr<TlsContext>> TlsContext::open(std::unique_ptr<TlsContext> made) {
  if (Result<void> loaded = made->reload(); !loaded) return loaded.error();
  return made;
}

void TlsContext::add_file(const std::string& path) {
  if (!path.empty()) files_.push_back(path);
}

std::shared_ptr<const TlsMaterial> TlsContext::material() const {
  const std::lock_guard lock(mutex_);
  return material_;
}

// The stamps are taken before the files are read: a change between the two shows at the next look.
Result<void> TlsContext::reload() {
  stamps_ = stamp_files(files_);
  auto loaded = listener_ != nullptr ? TlsMaterial::for_listener(*listener_, tickets_)
                                     : TlsMaterial::for_client(*client_);
  if (!loaded) return loaded.error();
  if (!authorities_.empty()) {
    const Result<std::string> text = read_file(authorities_);
    authorities_sha256_ = text ? hex(sha256(*text)) : "";
  }
  const std::lock_guard lock(mutex_);
  material_.swap(*loaded);
  return {};
}

}  // namespace sluice
