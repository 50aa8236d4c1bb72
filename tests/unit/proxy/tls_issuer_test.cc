// What the issuer makes is judged by OpenSSL: its library, and its program.
#include "proxy/net/tls_issuer.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "proxy/net/tls_leaf.h"
#include "tests/fixtures/test_certificates.h"

namespace sluice {
namespace {

using testing::HasSubstr;

constexpr int64_t kDay = 24 * 3600;
constexpr const char* kHost = "api.pushsecurity.com";

int64_t now() { return static_cast<int64_t>(std::time(nullptr)); }

class TlsIssuers : public testing::Test {
 protected:
  // An authority NAME.crt, NAME.key with these extensions, for so many days; signed by `by`, or by itself.
  ConnectConfig authority(const std::string& name, const std::string& extensions = "", int days = 365,
                          const std::string& key = "ec -pkeyopt ec_paramgen_curve:P-256",
                          const std::string& by = "") {
    std::string command = "req -x509 -newkey " + key + " -nodes -subj /CN=" + name + " -days " +
                          std::to_string(days) + " -keyout " + files_.path(name + ".key") + " -out " +
                          files_.path(name + ".crt") + " -addext keyUsage=critical,keyCertSign " + extensions;
    if (!by.empty()) command += " -CA " + files_.path(by + ".crt") + " -CAkey " + files_.path(by + ".key");
    openssl(command);
    ConnectConfig config;
    config.ca = {files_.path(name + ".crt"), files_.path(name + ".key")};
    return config;
  }
  static void openssl(const std::string& arguments) {
    ASSERT_EQ(std::system(("openssl " + arguments + " 2>/dev/null").c_str()), 0) << arguments;
  }
  static std::shared_ptr<TlsIssuer> make(const ConnectConfig& config,
                                         const std::vector<std::string>& hosts = {kHost},
                                         int64_t at = now()) {
    auto made = TlsIssuer::make(config, hosts, at);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : nullptr;
  }
  static std::string error_of(const ConnectConfig& config, const std::vector<std::string>& hosts = {kHost},
                              int64_t at = now()) {
    const auto made = TlsIssuer::make(config, hosts, at);
    return made ? "" : made.error().message;
  }
  static X509* certificate(const TlsMaterial& material) { return SSL_CTX_get0_certificate(material.get()); }
  // By OpenSSL's own verification, of a client that trusts `root` alone and was sent the chain.
  static std::string refused(const TlsMaterial& material, const std::string& root, const std::string& host,
                             int64_t at = now()) {
    auto trusted = read_certificates(root);
    X509_STORE* store = X509_STORE_new();
    X509_STORE_add_cert(store, trusted->front().get());
    STACK_OF(X509)* sent = nullptr;
    SSL_CTX_get0_chain_certs(material.get(), &sent);
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, certificate(material), sent);
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_time(rules, at);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1)
      X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size());
    const bool good = X509_verify_cert(context) == 1;
    const std::string why = good ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return why;
  }

  TestCertificates files_;
};

TEST_F(TlsIssuers, CertifyEachHostForThoseWhoTrustTheAuthority) {
  const ConnectConfig config = authority("ca");
  const auto issuer =
      make(config, {kHost, "127.0.0.1", "::1", std::string(40, 'a') + "." + std::string(40, 'b') + ".test"});
  for (const std::string& host : std::vector<std::string>{
           kHost, "127.0.0.1", "::1", std::string(40, 'a') + "." + std::string(40, 'b') + ".test"}) {
    const auto material = issuer->material(host, now());
    ASSERT_TRUE(material) << material.error().message;
    EXPECT_EQ(refused(**material, config.ca.certificate, host), "");
    EXPECT_THAT(refused(**material, config.ca.certificate, "evil.test"), HasSubstr("ostname mismatch"));
  }
  EXPECT_TRUE(issuer->uncertified().empty());
  EXPECT_FALSE(issuer->material("evil.test", now()));
}

TEST_F(TlsIssuers, MakeCertificatesAsRfc5280WantsThem) {
  const ConnectConfig config = authority("ca");
  const auto issuer = make(config, {kHost, "b.test"});
  const auto first = *issuer->material(kHost, now());
  const auto second = *issuer->material("b.test", now());
  X509* made = certificate(*first);
  EXPECT_EQ(X509_get_version(made), X509_VERSION_3);
  EXPECT_EQ(X509_check_ca(made), 0);
  EXPECT_EQ(X509_get_key_usage(made), static_cast<uint32_t>(KU_DIGITAL_SIGNATURE));
  EXPECT_EQ(X509_get_extended_key_usage(made), static_cast<uint32_t>(XKU_SSL_SERVER));
  EXPECT_NE(X509_get0_subject_key_id(made), nullptr);
  auto root = read_certificates(config.ca.certificate);
  ASSERT_NE(X509_get0_authority_key_id(made), nullptr);
  EXPECT_EQ(
      ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(made), X509_get0_subject_key_id(root->front().get())),
      0);
  EXPECT_EQ(X509_get_signature_nid(made), NID_ecdsa_with_SHA256);
  BIGNUM* serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(made), nullptr);
  EXPECT_GT(BN_num_bits(serial), 96);
  EXPECT_LE(BN_num_bits(serial), 128);
  EXPECT_EQ(BN_is_negative(serial), 0);
  BN_free(serial);
  EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(made), X509_get0_serialNumber(certificate(*second))), 0);
  char group[32] = {};
  EXPECT_EQ(EVP_PKEY_get_group_name(X509_get0_pubkey(made), group, sizeof group, nullptr), 1);
  EXPECT_STREQ(group, "prime256v1");
}

TEST_F(TlsIssuers, CertifyForSevenDaysAndAnHourBack) {
  const ConnectConfig config = authority("ca");
  const int64_t at = now() + kDay;  // so that the authority begins before
  const auto material = *make(config, {kHost}, at)->material(kHost, at);
  EXPECT_EQ(unix_time(X509_get0_notAfter(certificate(*material))), at + 7 * kDay);
  EXPECT_EQ(unix_time(X509_get0_notBefore(certificate(*material))), at - 3600);
}

TEST_F(TlsIssuers, NeverCertifyBeyondTheAuthority) {
  const ConnectConfig config = authority("ca", "", 3);
  auto root = read_certificates(config.ca.certificate);
  const auto issuer = make(config);
  const auto material = *issuer->material(kHost, now());
  EXPECT_EQ(unix_time(X509_get0_notAfter(certificate(*material))),
            unix_time(X509_get0_notAfter(root->front().get())));
  EXPECT_GE(unix_time(X509_get0_notBefore(certificate(*material))),
            unix_time(X509_get0_notBefore(root->front().get())));
  const auto later = issuer->material(kHost, now() + 4 * kDay);
  ASSERT_FALSE(later);
  EXPECT_THAT(later.error().message, HasSubstr("has ended"));
  EXPECT_THAT(error_of(config, {kHost}, now() + 4 * kDay), HasSubstr("has ended"));
  EXPECT_THAT(error_of(config, {kHost}, now() - kDay), HasSubstr("is not valid yet"));
}

TEST_F(TlsIssuers, RenewACertificateBeforeItEnds) {
  const ConnectConfig config = authority("ca");
  const auto issuer = make(config);
  const auto first = *issuer->material(kHost, now());
  EXPECT_EQ(*issuer->material(kHost, now() + 4 * kDay), first);
  const auto second = *issuer->material(kHost, now() + 5 * kDay);
  EXPECT_NE(second, first);
  EXPECT_EQ(refused(*second, config.ca.certificate, kHost, now() + 11 * kDay), "");
  EXPECT_EQ(*issuer->material(kHost, now() + 6 * kDay), second);
  EXPECT_NE(*issuer->material(kHost, now() + 3 * kDay), second);  // a clock that was set back
}

TEST_F(TlsIssuers, HonourNameConstraints) {
  const ConnectConfig config = authority(
      "ca",
      "-addext 'nameConstraints=critical,permitted;DNS:api.pushsecurity.com,excluded;IP:0.0.0.0/0.0.0.0'");
  const auto issuer = make(config, {kHost, "other.test", "127.0.0.1"});
  ASSERT_EQ(issuer->uncertified().size(), 2U);
  EXPECT_EQ(issuer->uncertified()[0].host, "other.test");
  EXPECT_THAT(issuer->uncertified()[0].why, HasSubstr("permitted subtree violation"));
  EXPECT_THAT(issuer->uncertified()[1].why, HasSubstr("excluded subtree violation"));
  EXPECT_TRUE(issuer->material(kHost, now()));
  EXPECT_FALSE(issuer->material("other.test", now()));
  EXPECT_THAT(error_of(config, {"other.test"}), HasSubstr("can certify none of the hosts"));
}

TEST_F(TlsIssuers, SendAnIntermediateAlongAndHonourThePathLengthAboveIt) {
  const std::string is_ca = "-addext basicConstraints=critical,CA:TRUE";
  const ConnectConfig root = authority("root", is_ca + ",pathlen:1");
  const ConnectConfig short_root = authority("short", is_ca + ",pathlen:0");
  for (const bool fits : {true, false}) {
    const ConnectConfig& above = fits ? root : short_root;
    ConnectConfig config = authority("between", is_ca + ",pathlen:0", 365,
                                     "ec -pkeyopt ec_paramgen_curve:P-384", fits ? "root" : "short");
    const std::string chain = files_.path("chain.crt");
    std::ofstream(chain) << std::ifstream(config.ca.certificate).rdbuf()
                         << std::ifstream(above.ca.certificate).rdbuf();
    config.ca.certificate = chain;
    if (fits) {
      EXPECT_EQ(refused(**make(config)->material(kHost, now()), root.ca.certificate, kHost), "");
    } else {
      EXPECT_THAT(error_of(config), HasSubstr("path length constraint exceeded"));
    }
  }
}

TEST_F(TlsIssuers, SignWithWhateverKeyTheAuthorityHas) {
  for (const std::string key : {"rsa:2048", "ed25519", "ec -pkeyopt ec_paramgen_curve:P-521"}) {
    const ConnectConfig config = authority("ca", "", 365, key);
    EXPECT_EQ(refused(**make(config)->material(kHost, now()), config.ca.certificate, kHost), "") << key;
  }
}

TEST_F(TlsIssuers, RefuseWhatIsNoAuthority) {
  const ConnectConfig good = authority("ca");
  ConnectConfig wrong = good;
  files_.issue("leaf", "DNS:a.test");
  wrong.ca = {files_.path("leaf.crt"), files_.path("leaf.key")};
  EXPECT_THAT(error_of(wrong), HasSubstr("leaf.crt is no authority"));
  openssl(
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -addext "
      "keyUsage=digitalSignature -keyout " +
      files_.path("signs.key") + " -out " + files_.path("signs.crt"));
  wrong.ca = {files_.path("signs.crt"), files_.path("signs.key")};
  EXPECT_THAT(error_of(wrong), HasSubstr("keyUsage lacks keyCertSign"));
  wrong = good;
  wrong.ca.private_key = files_.path("signs.key");
  EXPECT_THAT(error_of(wrong), HasSubstr("signs.key does not fit the authority"));
  wrong.ca = {good.ca.private_key, good.ca.private_key};
  EXPECT_THAT(error_of(wrong), HasSubstr("cannot read the certificate"));
  std::ofstream(files_.path("torn.crt"))
      << std::ifstream(good.ca.certificate).rdbuf() << "-----BEGIN CERTIFICATE-----\nAAAA\n";
  wrong.ca = {files_.path("torn.crt"), good.ca.private_key};
  EXPECT_THAT(error_of(wrong), HasSubstr("cannot read the certificate"));
}

TEST_F(TlsIssuers, RefuseAKeyThatOthersCanReadOrThatWantsAPassPhrase) {
  ConnectConfig config = authority("ca");
  openssl("pkey -aes256 -passout pass:test -in " + config.ca.private_key + " -out " +
          files_.path("locked.key"));
  chmod(files_.path("locked.key").c_str(), 0600);
  chmod(config.ca.private_key.c_str(), 0644);
  EXPECT_THAT(error_of(config), HasSubstr("can be read by others: chmod 600"));
  chmod(config.ca.private_key.c_str(), 0640);
  EXPECT_EQ(error_of(config), "");
  config.ca.private_key = files_.path("locked.key");
  EXPECT_THAT(error_of(config), HasSubstr("cannot read the private key"));
}

TEST_F(TlsIssuers, RefuseAKeyThatClientsRefuse) {
  EXPECT_THAT(error_of(authority("ca", "", 365, "rsa:1024")), HasSubstr("too weak"));
}

TEST_F(TlsIssuers, ServeManyThreads) {
  const ConnectConfig config = authority("ca");
  const auto issuer = make(config, {kHost, "b.test"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&issuer, i] {
      for (int day = 0; day < 50; ++day) {
        EXPECT_TRUE(issuer->material(i % 2 == 0 ? kHost : "b.test", now() + (day + i) * kDay));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sluice
