// Values that are legal and unusual: what is rendered is valid all the same. And values that are taken away by null.
import { test } from "node:test";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HELMS, assert, chart, configOf, defaults, find, folder, parse, renderDefault, template, valuesOf, workload } from "../helm.mjs";
import { judge } from "../judge.mjs";
import { check } from "../gate.mjs";

const json = (values) => Object.entries(values).flatMap(([key, value]) => ["--set-json", `${key}=${JSON.stringify(value)}`]);
const anything = { has: () => true };  // names of what exists already

async function problemsOf(documents) {
  const found = await judge(documents, { config: configOf(documents), named: anything });
  return [...found, ...check(documents).findings.filter((finding) => finding.severity === "error").map((finding) => finding.message)];
}

const mail = "https://mail.example/x";
const cases = [
  ["a release that YAML takes for a number", { fullnameOverride: "gate" }, "123"],
  ["a release that YAML takes for a number with an exponent", { fullnameOverride: "gate" }, "1e3"],
  ["a release that YAML takes for a truth", {}, "true"],
  ["a release that YAML takes for nothing", {}, "null"],
  ["a release with dots", {}, "my.release.v1"],
  ["a release that is cut at a dot", {}, `${"a".repeat(49)}.b.c`],
  ["the longest release, persistent", { "audit.spool.type": "persistent" }, "a".repeat(53)],
  ["names that YAML takes for something else", { fullnameOverride: "true", nameOverride: "null" }],
  ["a chart's name of numbers", { nameOverride: "123" }],
  ["objects whose names YAML takes for numbers", {
    "credentials.existingSecrets": [{ name: "123" }], "tls.existingSecret": "4", "clientCA.existingSecret": "1e3", "serviceAccount.name": "5", priorityClassName: "6", runtimeClassName: "7", imagePullSecrets: ["8"],
    "ingress.enabled": true, "ingress.className": "9", "ingress.hosts": [{ host: "a.example", paths: [{ path: "/a: b" }] }], "audit.webhook.url": mail, "audit.webhook.existingSecret": "10",
    "redis.enabled": true, "redis.host": "r", "redis.existingSecret": "11", "redis.tls.enabled": true, "redis.tls.existingSecret": "12" }],
  ["a class of storage and a size without a unit", { "audit.spool.type": "persistent", "audit.spool.size": "2000000000", "audit.spool.storageClass": "1" }],
  ["an emptyDir's size without a unit", { "audit.spool.size": "2000000000" }],
  ["a tag whose cut label would end in a dot", { "image.tag": `v${"1".repeat(61)}.x` }],
  ["a tag that no label may begin with", { "image.tag": "_a-" }],
  ["OpenShift's group, in the thousands of millions", { "podSecurityContext.fsGroup": 1000660000 }],
  ["global's secrets as Kubernetes writes them", { "global.imagePullSecrets": [{ name: "a" }], imagePullSecrets: ["b", { name: "a" }] }],
  ["no global at all", { global: null }],
  ["labels of one's own under the chart's names", { commonLabels: { "app.kubernetes.io/component": "x" }, podLabels: { "app.kubernetes.io/instance": "y" } }],
  ["an annotation under the chart's name", { podAnnotations: { "checksum/restart": "x" } }],
  ["Redis at an IPv6 address, with TLS and a user", { "redis.enabled": true, "redis.host": "fd00::7", "redis.username": "gate", "redis.existingSecret": "r", "redis.tls.enabled": true, "redis.tls.existingSecret": "ca" }],
  ["webhooks at IPv6 addresses, with and without a port", { "config.audit.webhooks": [{ name: "a", url: "https://[fd00::9]:8443/x", signature: "none" }, { name: "b", url: "https://[fd00::9]/x?y=http://z:1", signature: "none" }] }],
  ["monitors at Prometheus' own pace", { "metrics.serviceMonitor.enabled": true, "metrics.serviceMonitor.interval": "", "networkPolicy.metrics.from": [{ podSelector: {} }] }],
  ["a PodMonitor at Prometheus' own pace", { "metrics.podMonitor.enabled": true, "metrics.podMonitor.interval": "", "networkPolicy.metrics.from": [{ podSelector: {} }] }],
  ["an IPv6 Service", { "listeners.address": "::", "service.ipFamilyPolicy": "SingleStack", "service.ipFamilies": ["IPv6"] }],
  ["no pod, with volumes and Redis", { replicaCount: 0, "audit.spool.type": "persistent", "redis.enabled": true, "redis.host": "r" }],
  ["an autoscaler with Redis and an emptyDir", { "autoscaling.enabled": true, "redis.enabled": true, "redis.host": "r" }],
  ["a policy that looks like a template", { "policy.inline": "# {{ .Values.none }} {{ fail \"x\" }}\nversion: 1\nrules: []\n" }],
  ["a policy with empty lines around it", { "policy.inline": "\n\n  \nversion: 1\nrules: []\n\n\n" }],
  ["further objects as a list of texts", { extraObjects: ["apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: '{{ .Release.Name }}-x'\n"] }],
  ["further objects as a map, with a template", { extraObjects: { a: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "{{ include \"sluice.fullname\" . }}-x" }, data: { a: "1000000" } } } }],
  ["a vendor in the cluster", { "config.apis": { push: { catalogue: "push", upstream: "https://push.test.svc:8443", credential: { full: { file: "/run/secrets/sluice/k" } } } } }],
];
for (const [what, values, release = "rel"] of cases)
  test(`renders well: ${what}`, async () => {
    const [three, four] = HELMS.map((version) => template([...defaults, ...json(values)], { version, release }));
    assert.equal(four.status, 0, four.stderr);
    assert.equal(three.stdout, four.stdout);
    assert.deepEqual(await problemsOf(parse(four.stdout)), []);
  });

test("a release whose Services could not be named so is told what to do", () => {
  const result = template(defaults, { release: "123" });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /would be called 123-sluice, .* begins with a letter: set fullnameOverride/);
});

test("a namespace of digits stays a text", () => {
  const documents = parse(template([...defaults, "--namespace", "123"]).stdout);
  for (const d of documents) assert.equal(d.metadata.namespace, "123");
  assert.deepEqual(find(documents, "Pod").spec.containers[0].args, ["ready", "--admin", "rel-sluice-metrics.123.svc:9090"]);
});

test("the policy that looks like a template arrives as it is", () => {
  const text = "# {{ .Values.none }} ${A}\nversion: 1\nrules: []\n";
  assert.equal(find(renderDefault(...json({ "policy.inline": text })), "ConfigMap", "-policy").data["policy.yaml"], text);
});

test("both Services have the families that are asked for", () => {
  const services = renderDefault(...json({ "service.ipFamilies": ["IPv6", "IPv4"], "service.ipFamilyPolicy": "RequireDualStack" })).filter((d) => d.kind === "Service");
  for (const { spec } of services) assert.deepEqual([spec.ipFamilyPolicy, spec.ipFamilies], ["RequireDualStack", ["IPv6", "IPv4"]]);
});

test("two gates of one parent chart, under two aliases, keep apart", () => {
  const parent = folder();
  mkdirSync(join(parent, "charts"));
  cpSync(chart, join(parent, "charts/sluice"), { recursive: true });
  writeFileSync(join(parent, "Chart.yaml"), "apiVersion: v2\nname: platform\nversion: 1.0.0\ndependencies:\n  - { name: sluice, version: 0.1.0, alias: inner }\n  - { name: sluice, version: 0.1.0, alias: outer }\n");
  const values = valuesOf(defaults[1]);
  writeFileSync(join(parent, "values.yaml"), JSON.stringify({ global: { imagePullSecrets: [{ name: "a" }] }, inner: values, outer: values }));
  for (const version of HELMS) {
    const documents = parse(template([], { of: parent, version }).stdout);
    const ids = documents.map((d) => `${d.kind}/${d.metadata.name}`);
    assert.equal(new Set(ids).size, ids.length, ids.join(" "));
    const gates = documents.filter((d) => d.kind === "Deployment");
    assert.deepEqual(gates.map((d) => d.metadata.name).sort(), ["rel-inner", "rel-outer"]);
    for (const { metadata, spec } of documents.filter((d) => d.kind === "Service")) {
      const chosen = gates.filter((gate) => Object.entries(spec.selector).every(([key, value]) => gate.spec.template.metadata.labels[key] === value));
      assert.deepEqual(chosen.map((gate) => gate.metadata.name), [metadata.name.replace("-metrics", "")]);
    }
  }
});

// null takes a default away. Either the chart does without, or the schema says what is missing; a template never stumbles.
function* paths(value, path = "") {
  if (path) yield path;
  if (value && typeof value === "object" && !Array.isArray(value)) for (const [key, inner] of Object.entries(value)) yield* paths(inner, path ? `${path}.${key}` : key);
}
const schema = valuesOf(join(chart, "values.schema.json"));
const required = (path) => {
  let rule = schema;
  for (const key of path.split(".")) {
    if (rule.required?.includes(key)) return true;
    rule = rule.properties?.[key] ?? {};
  }
  return false;
};
const optional = [...paths(valuesOf(join(chart, "values.yaml")))].filter((path) => !required(path));
for (const path of optional)
  test(`null for ${path} is no accident`, () => {
    const result = template([...defaults, ...json({ [path]: null })]);
    assert.doesNotMatch(result.stderr, /nil pointer|interface conversion|wrong type for value|YAML parse error|error calling/);
    if (result.status === 0) assert.ok(workload(parse(result.stdout)).spec.template.spec.containers.length);
    else assert.match(result.stderr, /no policy|no credential/);
  });

test("what the chart cannot do without is refused by its name", () => {
  assert.ok(optional.length < 110, optional.join(" "));
  for (const path of ["audit", "audit.spool.size", "tls.existingSecret", "networkPolicy", "networkPolicy.dns.port", "drain.delaySeconds", "service.port", "strategy.type", "probes", "config"]) {
    const result = template([...defaults, ...json({ [path]: null })]);
    assert.equal(result.status, 1, path);
    assert.match(result.stderr, new RegExp(`missing propert.*${path.split(".").at(-1)}`));
  }
});
