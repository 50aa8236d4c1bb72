// TlsIssuer: certificates for the hosts of the `connect` listener, issued by a private authority: one for
// each host, P-256, for 7 days at most and never beyond the authority's own end, made anew when two thirds of
// its time are over. The authority's private key stays in here and is wiped. Owner: shared by a serving
// snapshot and whoever opens a tunnel. Thread: any; locks while it signs.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/connect.h"
#include "config/result.h"
#include "proxy/net/file_stamp.h"
#include "proxy/net/tls_material.h"

namespace sluice {

class TlsIssuer {
 public:
  static constexpr std::chrono::seconds kLife = std::chrono::hours(7 * 24);
  static constexpr std::chrono::seconds kBackdated =
      std::chrono::hours(1);  // for callers whose clocks are slow

  // A host that the authority cannot certify, by its name constraints for instance.
  struct Uncertified {
    std::string host;
    std::string why;
  };

  // Reads the authority and issues for each host, a DNS name or an IP address, as a trial. Fails when the
  // files are no authority and its key, or it can certify none of the hosts. `now` is Unix time.
  static Result<std::shared_ptr<TlsIssuer>> make(const ConnectConfig& config,
                                                 const std::vector<std::string>& hosts, int64_t now);
  ~TlsIssuer();
  TlsIssuer(const TlsIssuer&) = delete;
  TlsIssuer& operator=(const TlsIssuer&) = delete;

  // What a tunnel's TLS is made from. Fails for a host that cannot be certified, or was not given to make().
  Result<std::shared_ptr<const TlsMaterial>> material(const std::string& host, int64_t now);

  // Whether make() would make the same: the files have not changed since they were read.
  bool is_current(const ConnectConfig& config, const std::vector<std::string>& hosts) const;
  const std::vector<Uncertified>& uncertified() const { return uncertified_; }
  const CertificateInfo& authority() const { return authority_; }

 private:
  struct Keys;
  struct Host {
    std::shared_ptr<const TlsMaterial> material;  // null: could not be certified at first
    int64_t begins = 0, renew_at = 0;             // Unix time
  };
  TlsIssuer();
  Result<void> read(const ConnectConfig& config, int64_t now);
  Result<Host> issue(const std::string& host, int64_t now) const;

  std::unique_ptr<const Keys> keys_;
  CertificateInfo authority_;
  std::vector<std::string> asked_for_;  // as given to make()
  std::vector<std::string> files_;
  std::vector<FileStamp> stamps_;  // before they were read
  std::vector<Uncertified> uncertified_;
  std::shared_ptr<TicketKeys> tickets_;
  std::mutex mutex_;
  std::map<std::string, Host, std::less<>> hosts_;  // guarded by mutex_
};

}  // namespace sluice
