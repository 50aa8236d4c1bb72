// What values make of the objects, one sentence each.
import { test } from "node:test";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { APIS, HELMS, assert, chart, configOf, copyOfChart, defaults, find, folder, render, renderDefault, workload } from "../helm.mjs";

const set = (...pairs) => pairs.flatMap((pair) => ["--set", pair]);
const gateOf = (documents) => workload(documents).spec.template;
const ci = (name) => ["-f", join(chart, `ci/${name}-values.yaml`)];

test("the required values alone make one replica, the Push API, and no client", () => {
  const documents = renderDefault();
  const config = configOf(documents);
  assert.equal(workload(documents).kind, "Deployment");
  assert.equal(workload(documents).spec.replicas, 1);
  assert.deepEqual(Object.keys(config.apis), ["push"]);
  assert.equal(config.apis.push.limit, undefined);
  assert.equal(config.clients, undefined);
  assert.deepEqual(config.apis.push.credential, { full: { file: "/run/secrets/sluice/push-full" } });
});

test("config passes through and wins over what is derived", () => {
  const config = configOf(renderDefault("--set-json", 'config={"drain":{"delay":"1s"},"limits":{"connections":1000000},"audit":{"durability":"process","retain":{"size":"1GiB"}},"log":{"level":"debug"}}'));
  assert.deepEqual(config.drain, { delay: "1s", timeout: "30s" });
  assert.deepEqual(config.limits, { connections: 1000000 });
  assert.deepEqual(config.audit, { spool: "/var/lib/sluice/audit.db", durability: "process", retain: { size: "1GiB" } });
  assert.deepEqual(config.log, { level: "debug" });
});

test("large numbers stay whole, and texts stay texts", () => {
  const text = find(renderDefault("--set-json", 'config={"limits":{"connections":1000000},"log":{"level":"08"},"clients":{"on":{"groups":["yes","1_000","0x10","~"]}}}'), "ConfigMap", "-config").data["sluice.yaml"];
  assert.match(text, /connections: 1000000\n/);
  assert.match(text, /level: "08"\n/);
  for (const word of ["yes", "1_000", "0x10", "~"]) assert.ok(text.includes(`- "${word}"\n`), text);
});

test("config.apis replaces the default API", () => {
  const api = '{"securenvoy":{"catalogue":"securenvoy","upstream":"https://acme.eu.securenvoy.directory","credential":{"full":{"file":"/run/secrets/sluice/key"}}}}';
  assert.deepEqual(Object.keys(configOf(renderDefault("--set-json", `config.apis=${api}`)).apis), ["securenvoy"]);
});

test("a webhook of audit.webhook stands beside those of config, and gives way to one of its name", () => {
  const webhook = set("audit.webhook.url=https://siem.example/h", "audit.webhook.existingSecret=s");
  const names = (...more) => configOf(renderDefault(...webhook, ...more)).audit.webhooks.map((each) => [each.name, each.url]);
  assert.deepEqual(names(), [["webhook", "https://siem.example/h"]]);
  assert.deepEqual(names("--set-json", 'config.audit.webhooks=[{"name":"b","url":"https://b.example"}]'), [["webhook", "https://siem.example/h"], ["b", "https://b.example"]]);
  assert.deepEqual(names("--set-json", 'config.audit.webhooks=[{"name":"webhook","url":"https://c.example"}]'), [["webhook", "https://c.example"]]);
});

const limits = [
  ["two replicas and one of a rollout", set("replicaCount=2"), { rate: 3.333, burst: 3.333 }],
  ["two replicas of a Deployment that recreates", ["--set-json", 'strategy={"type":"Recreate","rollingUpdate":null}', ...set("replicaCount=2")], { rate: 5, burst: 5 }],
  ["two replicas with volumes, which have no surge", set("replicaCount=2", "audit.spool.type=persistent"), { rate: 5, burst: 5 }],
  ["four replicas and half as many", set("replicaCount=4", "strategy.rollingUpdate.maxSurge=50%"), { rate: 1.666, burst: 1.666 }],
  ["an autoscaler's most", set("autoscaling.enabled=true", "autoscaling.maxReplicas=4"), { rate: 2, burst: 2 }],
  ["a limit that is given", [...set("replicaCount=3"), "--set-json", 'config.apis={"push":{"catalogue":"own.yaml","upstream":"https://a.example","credential":{"full":{"file":"/run/secrets/sluice/k"}},"limit":{"rate":0.5,"burst":8}}}'], { rate: 0.125, burst: 2 }],
];
for (const [what, given, limit] of limits)
  test(`without Redis each pod has its part of the limit: ${what}`, () => assert.deepEqual(configOf(renderDefault(...given)).apis.push.limit, limit));

test("with Redis the limit is whole, and the store knows the most pods there are", () => {
  const config = configOf(renderDefault(...set("replicaCount=3", "redis.enabled=true", "redis.host=r")));
  assert.equal(config.apis.push.limit, undefined);
  assert.deepEqual(config.rate_limit_store, { redis: "redis://r:6379/0", replicas: 4 });
  const own = configOf(renderDefault(...set("replicaCount=3", "config.rate_limit_store.redis=redis://own:6379/1")));
  assert.deepEqual(own.rate_limit_store, { redis: "redis://own:6379/1", replicas: 4 });
});

test("a persistent spool is a StatefulSet with a volume for each pod, which stays", () => {
  const { kind, spec } = workload(render(ci("persistent")));
  assert.equal(kind, "StatefulSet");
  assert.equal(spec.podManagementPolicy, "Parallel");
  assert.deepEqual(spec.persistentVolumeClaimRetentionPolicy, { whenDeleted: "Retain", whenScaled: "Delete" });
  assert.equal(spec.volumeClaimTemplates[0].spec.resources.requests.storage, "20Gi");
  assert.equal(spec.volumeClaimTemplates[0].spec.storageClassName, "fast");
  assert.ok(!spec.template.spec.volumes.some((volume) => volume.name === "spool"));
  // The gate refuses a checkpoint key that its group may read: no chmod of what is there already.
  assert.equal(spec.template.spec.securityContext.fsGroupChangePolicy, "OnRootMismatch");
});

test("the gate keeps three quarters of the volume", () => {
  const cap = (size) => configOf(renderDefault("--set", `audit.spool.size=${size}`)).audit.retain.size;
  assert.equal(cap("2Gi"), "1536MiB");
  assert.equal(cap("500Mi"), "375MiB");
  assert.equal(cap("10G"), "7152MiB");
});

test("the grace period is the drain's, and 15 s for webhooks and spool", () => {
  const grace = (...given) => gateOf(renderDefault(...given)).spec.terminationGracePeriodSeconds;
  assert.equal(grace(), 55);
  assert.equal(grace(...set("drain.delaySeconds=0", "drain.timeoutSeconds=5")), 20);
  assert.equal(grace(...set("config.drain.timeout=2m")), 145);
  assert.equal(grace(...set("config.drain.delay=1500ms")), 47);
  assert.equal(grace(...set("terminationGracePeriodSeconds=300")), 300);
});

test("a Deployment that recreates says nothing of rolling", () => {
  assert.deepEqual(workload(renderDefault(...set("strategy.type=Recreate"))).spec.strategy, { type: "Recreate" });
});

test("no replicas beside an autoscaler", () => {
  const documents = renderDefault(...set("autoscaling.enabled=true"));
  assert.ok(!("replicas" in workload(documents).spec));
  assert.equal(find(documents, "HorizontalPodAutoscaler").spec.scaleTargetRef.name, workload(documents).metadata.name);
});

test("a digest wins over a tag, and a global registry over the image's", () => {
  const image = (...given) => gateOf(renderDefault(...given)).spec.containers[0].image;
  const digest = `sha256:${"0".repeat(64)}`;
  assert.equal(image(), "sluice:0.1.0");
  assert.equal(image(...set("image.registry=r.example:5000", "image.tag=1.2.3")), "r.example:5000/sluice:1.2.3");
  assert.equal(image(...set("global.imageRegistry=g.example", "image.registry=r.example", `image.digest=${digest}`)), `g.example/sluice@${digest}`);
});

test("pods are replaced for what a running gate cannot take up, and for nothing else", () => {
  const checksum = (...given) => gateOf(renderDefault(...given)).metadata.annotations["checksum/restart"];
  const before = checksum();
  for (const same of ["config.log.level=debug", "config.apis.push.upstream=https://a.example", "drain.timeoutSeconds=31", "listeners.admin.hosts={a.example}"]) {
    const given = same.startsWith("config.apis") ? ["--set-json", 'config.clients={"a":{"token_sha256":["0f"]}}'] : set(same);
    assert.equal(checksum(...given), before, same);
  }
  for (const other of ["config.workers=2", "listeners.admin.port=9999", "config.audit.durability=process", "redis.enabled=true,redis.host=r", "config.audit.spool=/var/lib/sluice/b.db"])
    assert.notEqual(checksum(...set(other)), before, other);
});

test("a new version of the chart alone changes no pod", () => {
  const copy = copyOfChart();
  const file = join(copy, "Chart.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^version: .*/m, "version: 99.9.9+build"));
  for (const name of ["default", "persistent", "full"]) {
    const [before, after] = [render(ci(name)), render(ci(name), { of: copy })];
    assert.deepEqual(gateOf(after), gateOf(before));
    assert.notDeepEqual(workload(after).metadata.labels, workload(before).metadata.labels);
  }
});

test("policy.reload=rollout replaces pods when the policy changes", () => {
  const checksum = (text) => gateOf(renderDefault(...set("policy.reload=rollout", `policy.inline=${text}`))).metadata.annotations["checksum/policy"];
  assert.notEqual(checksum("a"), checksum("b"));
  assert.equal(gateOf(renderDefault()).metadata.annotations["checksum/policy"], undefined);
});

test("an inline policy keeps its comments, and a map of one is written as YAML", () => {
  assert.match(find(render(ci("full")), "ConfigMap", "-policy").data["policy.yaml"], /^# What the tools may do\.\nversion: 1\n/);
  assert.match(find(render(ci("redis")), "ConfigMap", "-policy").data["policy.yaml"], /^rules:\n- effect: allow\n/);
});

test("OpenShift's own uid and group are not in the way", () => {
  const { securityContext } = gateOf(render(ci("openshift"))).spec;
  assert.deepEqual(securityContext, { runAsNonRoot: true, fsGroupChangePolicy: "OnRootMismatch", seccompProfile: { type: "RuntimeDefault" } });
  for (const pod of [gateOf(renderDefault()).spec, find(renderDefault(), "Pod").spec])
    for (const context of [pod.securityContext, pod.containers[0].securityContext]) assert.ok(!("runAsUser" in context));
});

test("long names stay within what Kubernetes takes", () => {
  const release = "a".repeat(53);
  for (const name of ["default", "persistent"])
    for (const d of render(ci(name), { release })) {
      assert.ok(d.metadata.name.length <= 63, d.metadata.name);
      for (const value of Object.values(d.metadata.labels)) assert.ok(value.length <= 63, value);
    }
  assert.ok(workload(render(ci("persistent"), { release })).metadata.name.length <= 52);
});

test("the job that Prometheus sees holds sluice, whatever the release is called", () => {
  const job = (...given) => find(renderDefault(...given, ...set("metrics.podMonitor.enabled=true", "networkPolicy.enabled=false")), "PodMonitor").spec.podMetricsEndpoints[0].relabelings[0];
  assert.deepEqual(job(), { action: "replace", targetLabel: "job", replacement: "rel-sluice" });
  assert.equal(job(...set("fullnameOverride=gate")).replacement, "sluice-gate");
});

test("the alerts that matter are among the rules", () => {
  const rules = find(renderDefault(...set("metrics.rules.enabled=true")), "PrometheusRule").spec.groups.flatMap((group) => group.rules);
  const names = rules.map((rule) => rule.alert);
  for (const name of ["SluiceReloadRejected", "SluiceAuditBehind", "SluiceVendorLimitExceeded", "SluiceKeyRefused", "SluiceSpoolNearlyFull"]) assert.ok(names.includes(name), name);
  assert.ok(rules.every((rule) => rule.expr && rule.annotations.description));
  assert.match(rules[0].annotations.summary, /\{\{ \$labels\.instance \}\}/);
});

test("anchors may stand under x-, and global and enabled say anything", () => {
  assert.equal(renderDefault("--set-json", 'global={"anything":{"at":"all"}}', "--set-json", "enabled=true", "--set-json", 'x-mine={"a":1}').length, renderDefault().length);
});

for (const version of HELMS)
  test(`${version} renders it as a part of another chart, switched by a condition`, () => {
    const parent = folder();
    mkdirSync(join(parent, "charts"));
    cpSync(chart, join(parent, "charts/sluice"), { recursive: true });
    writeFileSync(join(parent, "Chart.yaml"), "apiVersion: v2\nname: platform\nversion: 1.0.0\ndependencies:\n  - { name: sluice, version: 0.1.0, condition: sluice.enabled }\n");
    writeFileSync(join(parent, "values.yaml"), `global: { imageRegistry: r.example, ours: true }\nsluice:\n  enabled: true\n${readFileSync(join(chart, "ci/default-values.yaml"), "utf8").replace(/^/gm, "  ")}`);
    const documents = render([], { of: parent, version });
    assert.equal(documents.length, renderDefault().length);
    assert.equal(gateOf(documents).spec.containers[0].image, "r.example/sluice:0.1.0");
    assert.equal(render(["--set", "sluice.enabled=false"], { of: parent, version }).length, 0);
  });

test("monitors and routes are rendered where the cluster has them", () => {
  const documents = render(ci("full"), { apis: APIS });
  for (const kind of ["ServiceMonitor", "PrometheusRule", "HTTPRoute", "Ingress", "CiliumNetworkPolicy"]) assert.ok(find(documents, kind), kind);
  assert.ok(find(documents, "ConfigMap", "-dashboard").metadata.labels.grafana_dashboard);
  assert.ok(find(render([...defaults]), "PodDisruptionBudget"));
});
