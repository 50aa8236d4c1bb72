// The NetworkPolicy: what it lets through, asked as a network plugin would.
import { test } from "node:test";
import { BlockList, isIPv6 } from "node:net";
import { join } from "node:path";
import { assert, chart, find, render, renderDefault } from "../helm.mjs";

const policyOf = (documents) => documents.find((d) => d.kind === "NetworkPolicy" && !d.metadata.name.endsWith("-test"));

function inBlock(address, { cidr, except = [] }) {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  const contains = (network) => {
    const [base, bits] = network.split("/");
    if (isIPv6(base) !== isIPv6(address)) return false;
    const list = new BlockList();
    list.addSubnet(base, Number(bits), family);
    return list.check(address, family);
  };
  return contains(cidr) && !except.some(contains);
}

// Whether an address outside of the cluster is reached on a port.
const reaches = (policy, address, port, protocol = "TCP") =>
  policy.spec.egress.some((rule) => (!rule.ports || rule.ports.some((each) => each.port === port && each.protocol === protocol)) && (!rule.to || rule.to.some((peer) => peer.ipBlock && inBlock(address, peer.ipBlock))));
const podPorts = (policy) => policy.spec.egress.filter((rule) => (rule.to ?? []).some((peer) => peer.namespaceSelector || peer.podSelector)).flatMap((rule) => rule.ports.map((each) => `${each.protocol} ${each.port}`));

const PRIVATE = ["10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "127.0.0.1", "0.0.0.0", "198.18.0.1", "224.0.0.1", "255.255.255.255",
  "fc00::1", "fd12::1", "fe80::1", "::1", "::", "ff02::1", "64:ff9b::10.0.0.1", "64:ff9b::172.16.0.1", "64:ff9b::192.168.0.1", "64:ff9b:1::1"];
// AWS, GCP, Azure, OCI: the first; then AWS' and GCP's by IPv6, Azure's agent, Alibaba's, and behind NAT64 the first, Azure's agent, Alibaba's and OCI's by 192.0.0.192.
const METADATA = ["169.254.169.254", "fd00:ec2::254", "fd20:ce::254", "168.63.129.16", "100.100.100.200",
  "64:ff9b::169.254.169.254", "64:ff9b::168.63.129.16", "64:ff9b::100.100.100.200", "64:ff9b::192.0.0.192"];
const PUBLIC = ["1.1.1.1", "34.120.1.1", "172.32.0.1", "172.15.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1"];

test("with the required values alone everything is denied but DNS and the internet on 443", () => {
  const policy = policyOf(renderDefault());
  assert.deepEqual(policy.spec.policyTypes, ["Ingress", "Egress"]);
  for (const address of [...PRIVATE, ...METADATA]) for (const port of [443, 80, 53, 6379]) assert.equal(reaches(policy, address, port), false, `${address}:${port}`);
  for (const address of PUBLIC) {
    assert.equal(reaches(policy, address, 443), true, address);
    for (const port of [80, 22, 53, 6379, 8080]) assert.equal(reaches(policy, address, port), false, `${address}:${port}`);
    assert.equal(reaches(policy, address, 443, "UDP"), false);
  }
  assert.deepEqual(podPorts(policy), ["UDP 53", "TCP 53"]);
  assert.deepEqual(policy.spec.egress[0].to, [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } }, podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }]);
  for (const rule of [...policy.spec.egress, ...policy.spec.ingress]) assert.ok(rule.ports.length && (rule.to ?? rule.from).length);
});

test("callers come from the cluster, and to the admin port only the test pod", () => {
  const { ingress } = policyOf(renderDefault()).spec;
  assert.deepEqual(ingress.map((rule) => rule.ports[0].port), [8080, 9090]);
  assert.deepEqual(ingress[0].from, [{ namespaceSelector: {} }]);
  assert.equal(ingress[1].from.length, 1);
  assert.equal(ingress[1].from[0].podSelector.matchLabels["app.kubernetes.io/component"], "test");
});

test("an empty list of callers lets nobody in", () => {
  const { ingress } = policyOf(renderDefault("--set-json", "networkPolicy.ingress.from=[]")).spec;
  assert.deepEqual(ingress.map((rule) => rule.ports[0].port), [9090]);
});

test("whom a load balancer lets in may call", () => {
  const { ingress } = policyOf(render(["-f", join(chart, "ci/full-values.yaml")])).spec;
  assert.deepEqual(ingress[0].from, [{ namespaceSelector: {} }, { ipBlock: { cidr: "10.0.0.0/8" } }]);
});

test("the test pod reaches DNS and the gate's admin port alone, and is reached by nobody", () => {
  const policy = find(renderDefault(), "NetworkPolicy", "-test");
  assert.deepEqual(policy.spec.policyTypes, ["Ingress", "Egress"]);
  assert.deepEqual(policy.spec.ingress, []);
  assert.deepEqual(podPorts(policy), ["UDP 53", "TCP 53", "TCP 9090"]);
});

test("vendors that are narrowed are the only ones, and a port of an upstream is opened", () => {
  const policy = policyOf(render(["-f", join(chart, "ci/netpol-values.yaml")]));
  for (const address of ["203.0.113.7", "2001:db8::7"]) assert.equal(reaches(policy, address, 443), true, address);
  for (const address of [...PUBLIC, ...PRIVATE, ...METADATA]) assert.equal(reaches(policy, address, 443), false, address);
  const api = '{"a":{"catalogue":"push","upstream":"https://vendor.example:8443","credential":{"full":{"file":"/run/secrets/sluice/k"}}}}';
  assert.equal(reaches(policyOf(renderDefault("--set-json", `config.apis=${api}`)), "1.1.1.1", 8443), true);
});

test("what the configuration names is reached: webhooks, Vault, a collector, an issuer", () => {
  const narrowed = policyOf(render(["-f", join(chart, "ci/netpol-values.yaml")]));
  assert.equal(reaches(narrowed, "10.20.30.40", 8088), true);
  assert.equal(reaches(narrowed, "10.1.2.3", 8200), true);
  assert.equal(reaches(narrowed, "10.1.2.4", 8200), false);
  assert.equal(reaches(narrowed, "169.254.20.10", 53, "UDP"), true);
  assert.deepEqual(podPorts(narrowed), ["TCP 4318"]);
  const full = policyOf(render(["-f", join(chart, "ci/full-values.yaml")]));
  assert.deepEqual(podPorts(full), ["UDP 53", "TCP 53", "TCP 8443", "TCP 8200", "TCP 4318"]);
  assert.equal(reaches(full, "1.1.1.1", 8443), true);
  assert.equal(reaches(full, "10.9.8.7", 6379), true);
  for (const address of METADATA) for (const port of [443, 8443, 6379, 80]) assert.equal(reaches(full, address, port), false, `${address}:${port}`);
});

test("an address that the configuration names is the only one, of either family", () => {
  for (const [host, address, other] of [["10.1.2.3", "10.1.2.3", "10.1.2.4"], ["[fd00::9]", "fd00::9", "fd00::8"]]) {
    const policy = policyOf(renderDefault("--set-json", `config.tracing={"otlp":"http://${host}:4318"}`));
    assert.equal(reaches(policy, address, 4318), true, host);
    for (const [where, port] of [[other, 4318], [address, 443]]) assert.equal(reaches(policy, where, port), false, `${where}:${port}`);
  }
});

test("a URL that comes from the environment is taken for one of the internet", () => {
  const policy = policyOf(renderDefault("--set-json", 'config.audit.webhooks=[{"name":"a","url":"http://${HOOKS}/x"}]'));
  assert.equal(reaches(policy, "1.1.1.1", 80), true);
  assert.equal(reaches(policy, "10.0.0.1", 80), false);
});

test("an address of the metadata service is not opened, nor one of the pod itself", () => {
  for (const host of ["169.254.169.254", "127.0.0.1", "localhost", "[::1]", "[fe80::1]"]) {
    const policy = policyOf(renderDefault("--set-json", `config.tracing={"otlp":"http://${host}:4318"}`));
    assert.equal(policy.spec.egress.length, 2, host);
  }
});

test("a vendor in the cluster, or at an address, is reached there and opens nothing else", () => {
  const policy = (upstream) => policyOf(renderDefault("--set-json", `config.apis=${JSON.stringify({ push: { catalogue: "push", upstream, credential: { full: { file: "/run/secrets/sluice/k" } } } })}`));
  assert.deepEqual(podPorts(policy("https://push.test.svc:8443")), ["UDP 53", "TCP 53", "TCP 8443"]);
  assert.equal(reaches(policy("https://push.test.svc:8443"), "1.1.1.1", 8443), false);
  assert.equal(reaches(policy("https://10.1.2.3:8443"), "10.1.2.3", 8443), true);
  assert.equal(reaches(policy("https://10.1.2.3:8443"), "10.1.2.4", 8443), false);
  // No network of such a name: the API server would refuse the whole policy.
  assert.doesNotMatch(JSON.stringify(policyOf(renderDefault("--set-json", 'config.tracing={"otlp":"https://2130706433"}'))), /2130706433/);
});

test("Redis whose place comes from the environment has Redis' port", () => {
  assert.deepEqual(podPorts(policyOf(renderDefault("--set-json", 'config.rate_limit_store={"redis":"${REDIS_URL}"}'))), ["UDP 53", "TCP 53", "TCP 6379"]);
});

test("Redis in the pod itself wants no rule", () => {
  assert.deepEqual(podPorts(policyOf(renderDefault("--set", "redis.enabled=true", "--set", "redis.host=127.0.0.1"))), ["UDP 53", "TCP 53"]);
});

test("Redis is open to pods on its port, unless it is said where it is", () => {
  const redis = ["--set", "redis.enabled=true", "--set", "redis.host=r.redis.svc"];
  assert.deepEqual(podPorts(policyOf(renderDefault(...redis))), ["UDP 53", "TCP 53", "TCP 6379"]);
  const rule = policyOf(render(["-f", join(chart, "ci/redis-values.yaml")])).spec.egress[2];
  assert.deepEqual(rule.ports, [{ port: 6379, protocol: "TCP" }]);
  assert.equal(rule.to[0].namespaceSelector.matchLabels["kubernetes.io/metadata.name"], "redis");
});

test("every exception lies in its network, as the API server asks", () => {
  for (const { to } of policyOf(renderDefault()).spec.egress)
    for (const { ipBlock } of to.filter((peer) => peer.ipBlock))
      for (const network of ipBlock.except) assert.equal(network.includes(":"), ipBlock.cidr.includes(":"), network);
});
