// No value is idle: whatever is changed in values.yaml changes what is rendered, in one of the ci/ cases.
import { test } from "node:test";
import { join } from "node:path";
import { assert, ciFiles, chart, template, valuesOf } from "../helm.mjs";

// Values that mean something where the type alone does not say which.
const others = {
  "global.imageRegistry": "other.example", "global.imagePullSecrets": ["other"], "image.repository": "other", "image.tag": "9.9", "image.registry": "other.example", "image.digest": `sha256:${"1".repeat(64)}`, "image.pullPolicy": "Always",
  imagePullSecrets: ["another"], commonLabels: { other: "a" }, annotations: { other: "a" }, podAnnotations: { other: "a" }, podLabels: { other: "a" },
  "policy.inline": "other", "policy.reload": "rollout", "policy.key": "other.yaml", "credentials.existingSecrets": [{ name: "other" }], config: { workers: 7 }, extraFiles: { "other.txt": "a" },
  "listeners.address": "::", "listeners.admin.hosts": ["other.example"], "autoscaling.metrics": [{ type: "Pods" }], "autoscaling.behavior": { scaleUp: { stabilizationWindowSeconds: 9 } },
  "audit.spool.type": "persistent", "audit.spool.size": "30Gi", "audit.spool.accessModes": ["ReadWriteOncePod"], "audit.spool.retention.whenDeleted": "Delete", "audit.spool.retention.whenScaled": "Retain", "audit.webhook.url": "https://other.example",
  podSecurityContext: { supplementalGroups: [7] }, containerSecurityContext: { privileged: false }, resources: { limits: { cpu: "7" } }, "serviceAccount.annotations": { other: "a" },
  probes: { startup: { failureThreshold: 7 }, liveness: { failureThreshold: 7 }, readiness: { failureThreshold: 7 } }, terminationGracePeriodSeconds: 999, strategy: { rollingUpdate: { maxSurge: 2 } },
  "pdb.minAvailable": "10%", "pdb.unhealthyPodEvictionPolicy": "IfHealthyBudget", topologySpreadConstraints: [], affinity: { podAffinity: {} }, nodeSelector: { other: "a" }, tolerations: [],
  extraArgs: ["--other"], extraEnv: [], extraEnvFrom: [], extraVolumes: [], extraVolumeMounts: [], extraContainers: [], extraObjects: [{ kind: "Other", apiVersion: "v1", metadata: { name: "a" } }],
  "service.type": "NodePort", "service.annotations": { other: "a" }, "service.externalTrafficPolicy": "Cluster", "service.loadBalancerSourceRanges": ["192.0.2.0/24"], "service.ipFamilyPolicy": "SingleStack", "service.ipFamilies": ["IPv6"],
  "ingress.annotations": { other: "a" }, "ingress.hosts": [{ host: "other.example" }], "ingress.tls": [], "httpRoute.annotations": { other: "a" }, "httpRoute.parentRefs": [{ name: "other" }], "httpRoute.hostnames": ["other.example"], "httpRoute.matches": [{ method: "GET" }], "httpRoute.filters": [],
  "networkPolicy.ingress.from": [], "networkPolicy.metrics.from": [{ podSelector: {} }], "networkPolicy.dns.to": [], "networkPolicy.upstreams.cidrs": ["198.51.100.0/24"], "networkPolicy.upstreams.ports": [8443], "networkPolicy.upstreams.except": ["10.0.0.0/8"],
  "networkPolicy.redis.to": [{ podSelector: {} }], "networkPolicy.redis.port": 7, "networkPolicy.webhook.to": [{ podSelector: {} }], "networkPolicy.webhook.ports": [7], "networkPolicy.extraIngress": [{ from: [] }], "networkPolicy.extraEgress": [{ to: [] }],
  "metrics.serviceMonitor.labels": { other: "a" }, "metrics.serviceMonitor.interval": "9s", "metrics.podMonitor.labels": { other: "a" }, "metrics.podMonitor.interval": "9s", "metrics.rules.labels": { other: "a" }, "metrics.rules.interval": "9s", "dashboard.labels": { other: "a" }, "dashboard.annotations": { other: "a" },
};
// What a value needs beside it to mean anything.
const beside = {
  "metrics.podMonitor.enabled": { "metrics.serviceMonitor.enabled": false }, "metrics.podMonitor.labels": { "metrics.serviceMonitor.enabled": false, "metrics.podMonitor.enabled": true }, "metrics.podMonitor.interval": { "metrics.serviceMonitor.enabled": false, "metrics.podMonitor.enabled": true },
  "image.tag": { "image.digest": "" }, "image.registry": { "global.imageRegistry": "" }, "redis.tls.key": { "redis.tls.enabled": true, "redis.tls.existingSecret": "ca" }, "redis.tls.existingSecret": { "redis.tls.enabled": true },
  "clientCA.existingConfigMap": { "clientCA.existingSecret": "" }, "serviceAccount.create": { "serviceAccount.name": "own" }, "networkPolicy.upstreams.cidrs": { "networkPolicy.webhook.to": [{ podSelector: {} }], "networkPolicy.extraEgress": [{ to: [] }] },
  "service.type": { "service.loadBalancerClass": "", "service.loadBalancerSourceRanges": [], "networkPolicy.ingress.from": [{ ipBlock: { cidr: "192.0.2.0/24" } }] }, "networkPolicy.webhook.ports": { "networkPolicy.webhook.to": [{ podSelector: {} }] }, "policy.existingConfigMap": { "policy.inline": "" },
};

function* leaves(value, path = "") {
  if (path in others || typeof value !== "object" || value === null || Array.isArray(value)) yield [path, value];
  else for (const [key, inner] of Object.entries(value)) yield* leaves(inner, path ? `${path}.${key}` : key);
}

// Something else than what the case says.
function other(path, value, inCase) {
  if (path in others) return others[path];
  const now = inCase ?? value;
  if (typeof now === "boolean") return !now;
  if (typeof now === "number") return now + 1;
  return now === "other" ? "another" : "other";
}

const at = (values, path) => path.split(".").reduce((inner, key) => inner?.[key], values);
const given = (pairs) => Object.entries(pairs).flatMap(([path, value]) => ["--set-json", `${path}=${JSON.stringify(value)}`]);
const cases = ["full", "persistent", "hpa", "existing", "redis"].map((name) => ciFiles.find((file) => file.endsWith(`/${name}-values.yaml`)));

// The renderings to compare with: most are asked for again and again.
const known = new Map();
function rendered(values) {
  const key = values.join(" ");
  if (!known.has(key)) known.set(key, template(values));
  return known.get(key);
}

for (const [path, value] of leaves(valuesOf(join(chart, "values.yaml"))))
  test(`${path} does something`, () => {
    const seen = cases.some((file) => {
      const around = given(beside[path] ?? {});
      const before = rendered(["-f", file, ...around]);
      const after = template(["-f", file, ...around, ...given({ [path]: other(path, value, at(valuesOf(file), path)) })]);
      return before.status === 0 && after.status === 0 && before.stdout !== after.stdout;
    });
    assert.ok(seen, "nothing that is rendered changes");
  });
