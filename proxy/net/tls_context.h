// TlsContext: the TLS of one listener or one upstream. Its files may change: reload() takes them up for the
// streams to come, those that exist keep what they were made from. Owner: the gate, a serving snapshot, a
// webhook. Thread: material() any, the rest one at a time. Fails: with the file's name; what is in force
// stays.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/net/file_stamp.h"
#include "proxy/net/tls_material.h"

namespace sluice {

class TlsContext {
 public:
  // `before`: of the same listener, or null; clients may go on with the sessions that it began.
  static Result<std::unique_ptr<TlsContext>> for_listener(const ListenerTls& files,
                                                          const TlsContext* before = nullptr);
  static Result<std::unique_ptr<TlsContext>> for_client(const UpstreamTlsConfig& files);
  // Verifies the peer's chain against `ca_file`, or the system's store when it is empty.
  static Result<std::unique_ptr<TlsContext>> for_client(const std::string& ca_file);

  // What new streams are made from. Never null.
  std::shared_ptr<const TlsMaterial> material() const;

  // The files that it was made from; the system's store is not among them.
  const std::vector<std::string>& files() const { return files_; }
  // As they were when they were last read, with or without success.
  const std::vector<FileStamp>& stamps() const { return stamps_; }
  // Of the file of authorities, as it was then: lower-case hex SHA-256; "" where the system's are trusted, or
  // none.
  const std::string& authorities_sha256() const { return authorities_sha256_; }
  // Whether the files are as they were then.
  bool is_current() const { return stamp_files(files_) == stamps_; }
  // Reads the files again.
  Result<void> reload();

 private:
  TlsContext() = default;
  static Result<std::unique_ptr<TlsContext>> open(std::unique_ptr<TlsContext> made);
  void add_file(const std::string& path);

  std::unique_ptr<const ListenerTls> listener_;  // of the two, one is set
  std::unique_ptr<const UpstreamTlsConfig> client_;
  std::shared_ptr<TicketKeys>
      tickets_;  // of a listener; stay over reloads, and with them the sessions of clients
  std::vector<std::string> files_;
  std::vector<FileStamp> stamps_;
  std::string authorities_;  // their file; empty: none, or the system's
  std::string authorities_sha256_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsMaterial> material_;  // guarded by mutex_
};

}  // namespace sluice
