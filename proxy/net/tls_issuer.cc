#include "proxy/net/tls_issuer.h"

#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>

#include "proxy/net/tls_leaf.h"

namespace sluice {

struct TlsIssuer::Keys {
  KeyPtr issuer;
  KeyPtr own;                        // of every certificate that is issued
  std::vector<X509Ptr> authorities;  // the issuer first, then those behind it
  int64_t begins = 0, ends = 0;      // of all of them; Unix time
};

namespace {

// Whoever has this key can be any host to the tools that trust it.
Result<void> check_mode(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & (S_IROTH | S_IWOTH)) == 0) return {};
  return Error{"the private key " + path + " can be read by others: chmod 600 " + path +
               " (or 640, for a group that may read it)"};
}

Result<void> check_authority(X509* certificate, const std::string& path) {
  if ((X509_get_extension_flags(certificate) & EXFLAG_CA) == 0)
    return Error{"the certificate " + path + " is no authority: it needs basicConstraints CA:TRUE"};
  if ((X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) == 0)
    return Error{"the authority " + path + " may not issue certificates: its keyUsage lacks keyCertSign"};
  return {};
}

}  // namespace

TlsIssuer::TlsIssuer() : tickets_(std::make_shared<TicketKeys>()) {}
TlsIssuer::~TlsIssuer() = default;

Result<void> TlsIssuer::read(const ConnectConfig& config, int64_t now) {
  files_ = {config.ca.certificate, config.ca.private_key};
  stamps_ = stamp_files(files_);
  auto keys = std::make_unique<Keys>();
  auto certificates = read_certificates(config.ca.certificate);
  if (!certificates) return certificates.error();
  keys->authorities = std::move(*certificates);
  X509* issuer = keys->authorities.front().get();
  authority_ = describe(config.ca.certificate, issuer);
  if (Result<void> checked = check_authority(issuer, config.ca.certificate); !checked) return checked.error();
  if (Result<void> checked = check_mode(config.ca.private_key); !checked) return checked.error();
  auto key = read_private_key(config.ca.private_key);
  if (!key) return key.error();
  keys->issuer = std::move(*key);
  if (X509_check_private_key(issuer, keys->issuer.get()) != 1) {
    return openssl_error("the private key " + config.ca.private_key + " does not fit the authority " +
                         config.ca.certificate);
  }
  keys->ends = authority_.ends;
  for (const X509Ptr& authority : keys->authorities) {
    keys->begins = std::max(keys->begins, unix_time(X509_get0_notBefore(authority.get())));
    keys->ends = std::min(keys->ends, unix_time(X509_get0_notAfter(authority.get())));
  }
  if (now >= keys->ends) return Error{"the authority " + config.ca.certificate + " has ended"};
  if (now < keys->begins) return Error{"the authority " + config.ca.certificate + " is not valid yet"};
  keys->own.reset(EVP_EC_gen("P-256"));
  if (keys->own == nullptr) return openssl_error("cannot make a key");
  keys_ = std::move(keys);
  return {};
}

Result<std::shared_ptr<TlsIssuer>> TlsIssuer::make(const ConnectConfig& config,
                                                   const std::vector<std::string>& hosts, int64_t now) {
  auto made = std::shared_ptr<TlsIssuer>(new TlsIssuer);
  if (Result<void> read = made->read(config, now); !read) return Error{"connect.ca: " + read.error().message};
  made->asked_for_ = hosts;
  for (const std::string& host : hosts) {
    if (made->hosts_.contains(host)) continue;
    Result<Host> issued = made->issue(host, now);
    if (!issued) made->uncertified_.push_back({host, issued.error().message});
    made->hosts_.emplace(host, issued ? std::move(*issued) : Host{});
  }
  if (!made->hosts_.empty() && made->uncertified_.size() == made->hosts_.size()) {
    return Error{"connect.ca: " + config.ca.certificate +
                 " can certify none of the hosts: " + made->uncertified_.front().why};
  }
  return made;
}

bool TlsIssuer::is_current(const ConnectConfig& config, const std::vector<std::string>& hosts) const {
  const std::vector<std::string> files{config.ca.certificate, config.ca.private_key};
  return files == files_ && hosts == asked_for_ && stamp_files(files_) == stamps_;
}

Result<TlsIssuer::Host> TlsIssuer::issue(const std::string& host, int64_t now) const {
  const int64_t begins = std::max(now - kBackdated.count(), keys_->begins);
  const int64_t ends = std::min(now + kLife.count(), keys_->ends);
  if (now >= ends) return Error{"the authority " + authority_.file + " has ended"};
  const LeafRequest request{
      host, keys_->own.get(), keys_->authorities.front().get(), keys_->issuer.get(), begins, ends};
  const Result<X509Ptr> leaf = make_leaf(request);
  if (!leaf) return leaf.error();
  if (const std::string why = why_refused(leaf->get(), keys_->authorities, host, now); !why.empty())
    return Error{"a certificate for " + host + " would be refused: " + why};
  TlsMaterial::Issued issued{host, leaf->get(), keys_->own.get(), {}};
  // A root is what clients have already.
  for (const X509Ptr& authority : keys_->authorities) {
    if (X509_self_signed(authority.get(), 0) != 1) issued.chain.push_back(authority.get());
  }
  auto material = TlsMaterial::for_issued(issued, tickets_);
  if (!material) return material.error();
  return Host{std::move(*material), begins, now + (ends - now) * 2 / 3};
}

Result<std::shared_ptr<const TlsMaterial>> TlsIssuer::material(const std::string& host, int64_t now) {
  const std::lock_guard lock(mutex_);
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return Error{"no certificate is issued for " + host};
  Host& known = found->second;
  // A clock that was set back may want one that begins earlier.
  if (known.material != nullptr && now >= known.begins && now < known.renew_at) return known.material;
  Result<Host> issued = issue(host, now);
  if (!issued) return issued.error();
  known = std::move(*issued);
  return known.material;
}

}  // namespace sluice
