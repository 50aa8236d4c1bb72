// values.schema.json: every rule refuses something. The two Helms word it differently, so only the key is looked for.
import { test } from "node:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HELMS, assert, chart, defaults, template, valuesOf } from "../helm.mjs";

const schema = JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8"));
const values = valuesOf(join(chart, "values.yaml"));

// [JSON of --set-json, the key that the message names]
const cases = [
  ["replicas=3", "replicas"], ["image.tagg=\"1\"", "tagg"], ["networkpolicy={}", "networkpolicy"], ["config.clientz={}", "clientz"], ["config.limit={}", "limit"],
  ["image.digest=\"sha256:12\"", "digest"], ["image.tag=\"a b\"", "tag"], ["image.repository=\"\"", "repository"], ["image.registry=\"r/\"", "registry"], ["image.pullPolicy=\"Sometimes\"", "pullPolicy"],
  ["imagePullSecrets=[1]", "imagePullSecrets"], ["imagePullSecrets=[{\"named\":\"a\"}]", "imagePullSecrets"], ["global.imagePullSecrets=\"a\"", "imagePullSecrets"], ["fullnameOverride=\"A_b\"", "fullnameOverride"], ["fullnameOverride=\"a.b\"", "fullnameOverride"], ["fullnameOverride=\"9a\"", "fullnameOverride"], ["nameOverride=\"a-\"", "nameOverride"],
  ["commonLabels.a=1", "commonLabels"], ["commonLabels.a=\"b c\"", "commonLabels"], [`podLabels.a="${"a".repeat(64)}"`, "podLabels"], ["podAnnotations.a=true", "podAnnotations"],
  ["policy.inline=3", "inline"], ["policy.key=\"a/b\"", "key"], ["policy.reload=\"cold\"", "reload"], ["policy.existingConfigMap=\"A\"", "existingConfigMap"],
  ["credentials.existingSecrets=[\"a\"]", "existingSecrets"], ["credentials.existingSecrets=[{\"name\":\"a\",\"items\":[{\"key\":\"a\"}]}]", "path"], ["credentials.existingSecrets=[{\"name\":\"a\",\"items\":[]}]", "items"],
  ["credentials.existingSecrets=[{\"name\":\"a\",\"items\":[{\"key\":\"a\",\"path\":\"../b\"}]}]", "path"], ["credentials.existingSecrets=[{\"items\":[]}]", "name"], ["credentials.pushKey=\"a\"", "pushKey"],
  ["config=[]", "config"], ["config.limits=null", "limits"], ["config.tracing=null", "tracing"], ["config.audit=null", "audit"], ["config.audit.webhooks=[\"a\"]", "webhooks"], ["config.audit.webhooks=[{\"url\":\"https://a\"}]", "name"], ["config.apis.push=null", "push"], ["config.apis={}", "apis"], ["config.drain.timeout=30", "timeout"], ["config.vault=\"a\"", "vault"], ["config.connect={}", "address"], ["extraFiles={\"a/b\":\"c\"}", "a/b"], ["extraFiles={\"a\":{}}", "extraFiles"],
  ["listeners.address=\"127.0.0.1\"", "address"], ["listeners.proxy.port=443", "port"], ["listeners.admin.port=\"9090\"", "port"], ["listeners.admin.port=70000", "port"], ["listeners.admin.hosts=[\"\"]", "hosts"],
  ["tls={\"secretName\":\"a\"}", "secretName"], ["clientCA.key=\"\"", "key"], ["replicaCount=-1", "replicaCount"], ["replicaCount=1.5", "replicaCount"], ["replicaCount=\"2\"", "replicaCount"],
  ["autoscaling.minReplicas=0", "minReplicas"], ["autoscaling.maxReplicas=\"4\"", "maxReplicas"], ["autoscaling.metrics={}", "metrics"],
  ["redis.enabled=true", "host"], ["redis.host=\"redis://a\"", "host"], ["redis.port=0", "port"], ["redis.username=\"a@b\"", "username"], ["redis.host=\"redis:6379\"", "host"], ["redis.password=\"a\"", "password"], ["redis.tls=true", "tls"],
  ["audit.spool.type=\"disk\"", "type"], ["audit.spool.size=\"2GB\"", "size"], ["audit.spool.size=2147483648", "size"], ["audit.spool.accessModes=[\"ReadWriteMany\"]", "accessModes"], ["audit.spool.retention.whenDeleted=\"Keep\"", "whenDeleted"], ["audit.webhook.url=\"ftp://a\"", "url"],
  ["podSecurityContext=[]", "podSecurityContext"], ["resources.request={}", "request"], ["serviceAccount.automount=\"no\"", "automount"],
  ["probes.liveness.httpGet={}", "httpGet"], ["probes.startup.periodSeconds=0", "periodSeconds"], ["drain.delaySeconds=-1", "delaySeconds"], ["drain.timeoutSeconds=3601", "timeoutSeconds"], ["drain.delay=\"5s\"", "delay"],
  ["terminationGracePeriodSeconds=0", "terminationGracePeriodSeconds"], ["terminationGracePeriodSeconds=1000000", "terminationGracePeriodSeconds"], ["strategy.type=\"OnDelete\"", "type"], ["strategy.rollingUpdate.maxSurge=\"a lot\"", "maxSurge"], ["minReadySeconds=-1", "minReadySeconds"], ["revisionHistoryLimit=101", "revisionHistoryLimit"],
  ["pdb.maxUnavailable=\"one\"", "maxUnavailable"], ["pdb.minAvailable=true", "minAvailable"], ["pdb.unhealthyPodEvictionPolicy=\"Never\"", "unhealthyPodEvictionPolicy"],
  ["topologySpreadConstraints={}", "topologySpreadConstraints"], ["tolerations=[\"a\"]", "tolerations"], ["extraArgs=[1]", "extraArgs"], ["extraEnv=[{\"value\":\"a\"}]", "name"], ["extraVolumes=[{}]", "name"], ["extraVolumeMounts=[{\"name\":\"a\"}]", "mountPath"], ["extraContainers=[{\"name\":\"a\"}]", "image"],
  ["extraObjects=\"a\"", "extraObjects"], ["extraObjects=[1]", "extraObjects"],
  ["service.type=\"ExternalName\"", "type"], ["service.port=0", "port"], ["service.externalTrafficPolicy=\"Near\"", "externalTrafficPolicy"], ["service.loadBalancerSourceRanges=[\"10.0.0.0\"]", "loadBalancerSourceRanges"], ["service.ipFamilyPolicy=\"Both\"", "ipFamilyPolicy"], ["service.ipFamilies=[\"IPv5\"]", "ipFamilies"],
  ["ingress.enabled=true", "hosts"], ["ingress.hosts=[{\"host\":\"a\",\"paths\":[{\"path\":\"a\"}]}]", "path"], ["ingress.hosts=[{\"host\":\"a\",\"paths\":[{\"path\":\"/\",\"pathType\":\"Glob\"}]}]", "pathType"], ["ingress.hosts=[{}]", "host"],
  ["httpRoute.enabled=true", "parentRefs"], ["httpRoute.parentRefs=[{}]", "name"],
  ["networkPolicy.enabled=\"true\"", "enabled"], ["networkPolicy.upstreams.cidrs=[\"vendor.example\"]", "cidrs"], ["networkPolicy.upstreams.ports=[]", "ports"], ["networkPolicy.dns.port=0", "port"], ["networkPolicy.webhook.ports=[\"443\"]", "ports"], ["networkPolicy.redis.port=\"a\"", "port"], ["networkPolicy.ingress.form=[]", "form"],
  ["metrics.rules.interval=\"often\"", "interval"], ["metrics.serviceMonitor.label={}", "label"], ["dashboard.labels.a=1", "labels"], ["tests.enabled=1", "enabled"],
];

for (const [given, key] of cases)
  test(`the schema refuses ${given.slice(0, 60)}`, () => {
    for (const version of HELMS) {
      const result = template([...defaults, "--set-json", given], { version });
      assert.equal(result.status, 1, result.stdout);
      assert.match(result.stderr, /values don't meet the specifications of the schema/);
      assert.ok(result.stderr.includes(key), result.stderr);
    }
  });

// Maps that belong to Kubernetes, or to the gate: what is in them is judged when they are rendered.
const open = ["global", "config", "commonLabels", "annotations", "podAnnotations", "podLabels", "podSecurityContext", "containerSecurityContext", "affinity", "nodeSelector", "extraFiles"];

function* maps(value, rule, path) {
  if (!rule || typeof value !== "object" || value === null || Array.isArray(value)) return;
  yield [path, value, rule];
  for (const key of Object.keys(value)) yield* maps(value[key], rule.properties?.[key], path ? `${path}.${key}` : key);
}

test("every value has its rule, every rule its value, and no map but those of Kubernetes is open", () => {
  for (const [path, value, rule] of maps(values, schema, "")) {
    if (open.includes(path) || !rule.properties) continue;
    assert.equal(rule.additionalProperties, false, path);
    const known = Object.keys(rule.properties).filter((key) => path || key !== "enabled");
    const here = Object.keys(value).filter((key) => path !== "resources" || known.includes(key));
    if (!["resources", "probes.startup", "probes.liveness", "probes.readiness"].includes(path)) assert.deepEqual(here.sort(), known.sort(), path);
  }
});

test("config takes exactly the gate's own keys", () => {
  const gate = JSON.parse(readFileSync(join(chart, "../../config/sluice.schema.json"), "utf8"));
  assert.deepEqual([...schema.properties.config.propertyNames.enum].sort(), Object.keys(gate.properties).sort());
});
