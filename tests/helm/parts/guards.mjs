// What cannot work fails, with the remedy.
import { test } from "node:test";
import { HELMS, assert, defaults, template } from "../helm.mjs";

const POLICY = ["--set", "policy.inline=a"];
const KEYS = ["--set", "credentials.existingSecrets[0].name=k"];
const json = (key, value) => ["--set-json", `${key}=${JSON.stringify(value)}`];
const set = (...pairs) => [...defaults, ...pairs.flatMap((pair) => ["--set", pair])];
const api = { catalogue: "push", upstream: "https://a.example", credential: { full: { file: "/run/secrets/sluice/other" } } };
const monitors = ["networkPolicy.metrics.from[0].podSelector.matchLabels.a=b"];

// [what, values, what the message names, without the APIs of operators]
const guards = [
  ["no policy", KEYS, /no policy: set policy\.inline .*policy\.existingConfigMap/],
  ["two policies", set("policy.existingConfigMap=p"), /two policies: policy\.inline and policy\.existingConfigMap .*take one of them out/],
  ["a rollout for a policy that the chart does not see", [...KEYS, "--set", "policy.existingConfigMap=p", "--set", "policy.reload=rollout"], /policy\.reload=rollout .*policy\.existingConfigMap: set policy\.reload=hot/],
  ["no credential", POLICY, /no credential: .*\/run\/secrets\/sluice\/push-full: set credentials\.existingSecrets\[0\]\.name/],
  ["a credential that no item has", [...POLICY, ...json("credentials.existingSecrets", [{ name: "k", items: [{ key: "a", path: "b" }] }])], /no credential: .*push-full, and no item of credentials\.existingSecrets/],
  ["config.listen", set("config.listen=a"), /config\.listen conflicts with listeners\.proxy and tls/],
  ["config.admin", set("config.admin.address=a"), /config\.admin conflicts with listeners\.admin/],
  ["config.policy", set("config.policy=a"), /config\.policy conflicts with policy\.inline or policy\.existingConfigMap/],
  ["a second configuration", [...defaults, ...json("extraFiles", { "sluice.yaml": "a" })], /extraFiles has sluice\.yaml.*another name/],
  ["an autoscaler with volumes", set("autoscaling.enabled=true", "audit.spool.type=persistent"), /autoscaling\.enabled with audit\.spool\.type=persistent.*set replicaCount instead/],
  ["an autoscaler upside down", set("autoscaling.enabled=true", "autoscaling.minReplicas=9"), /autoscaling\.minReplicas 9 is above autoscaling\.maxReplicas 4/],
  ["an autoscaler without a metric", set("autoscaling.enabled=true", "autoscaling.targetCPU=0"), /set autoscaling\.targetCPU or autoscaling\.metrics/],
  ["replicas without Redis, and a limit that nobody knows", [...set("replicaCount=3"), ...json("config.apis", { push: { ...api, catalogue: "own.yaml" } })], /config\.apis\.push\.limit\.\w+ is not given, and 4 pods without redis would each spend the whole limit: set redis\.enabled/],
  ["replicas without Redis, and half a limit", [...set("replicaCount=3"), ...json("config.apis", { push: { ...api, catalogue: "own.yaml", limit: { rate: 5 } } })], /config\.apis\.push\.limit\.burst is not given/],
  ["more replicas than the limit has parts", set("replicaCount=10"), /has no part for each of 11 pods: set redis\.enabled/],
  ["a spool that its volume cannot hold", set("config.audit.retain.size=4GiB"), /config\.audit\.retain\.size 4GiB does not fit into audit\.spool\.size 2Gi, .*block.*raise audit\.spool\.size/],
  ["the same with a volume of its own", set("config.audit.retain.size=2GiB", "audit.spool.type=persistent"), /raise audit\.spool\.size/],
  ["a spool in no volume", set("config.audit.spool=/data/a.db"), /config\.audit\.spool \/data\/a\.db is in no volume.*extraVolumeMounts/],
  ["a size without sense", set("config.audit.retain.size=much"), /config\.audit\.retain\.size: "much" is no size/],
  ["a grace period shorter than the drain", set("terminationGracePeriodSeconds=40"), /terminationGracePeriodSeconds 40 is shorter than the drain: .*are 55 s: raise it/],
  ["the same by config.drain", set("terminationGracePeriodSeconds=60", "config.drain.timeout=5m"), /terminationGracePeriodSeconds 60 is shorter.*are 325 s/],
  ["a duration without sense", set("config.drain.timeout=soon"), /config\.drain\.timeout: "soon" is no duration/],
  ["a ServiceMonitor without its type", set("metrics.serviceMonitor.enabled=true", ...monitors), /metrics\.serviceMonitor\.enabled wants monitoring\.coreos\.com\/v1.*install the Prometheus operator/, true],
  ["a PodMonitor without its type", set("metrics.podMonitor.enabled=true", ...monitors), /metrics\.podMonitor\.enabled wants monitoring\.coreos\.com\/v1/, true],
  ["rules without their type", set("metrics.rules.enabled=true"), /metrics\.rules\.enabled wants monitoring\.coreos\.com\/v1/, true],
  ["an HTTPRoute without its type", set("httpRoute.enabled=true", "httpRoute.parentRefs[0].name=g"), /httpRoute\.enabled wants gateway\.networking\.k8s\.io\/v1.*Gateway API/, true],
  ["two monitors", set("metrics.serviceMonitor.enabled=true", "metrics.podMonitor.enabled=true", ...monitors), /scraped twice, take one of them out/],
  ["a monitor that the NetworkPolicy keeps out", set("metrics.podMonitor.enabled=true"), /networkPolicy\.metrics\.from lets nobody reach the admin port: name Prometheus/],
  ["a webhook outside of the narrowed networks", set("networkPolicy.upstreams.cidrs={203.0.113.0/24}", "audit.webhook.url=https://siem.example/h", "audit.webhook.existingSecret=s"), /the webhook at siem\.example is elsewhere: set networkPolicy\.webhook\.to/],
  ["a vault outside of the narrowed networks", set("networkPolicy.upstreams.cidrs={203.0.113.0/24}", "config.vault.address=https://vault.example:8200"), /vault\.example is elsewhere: add it to networkPolicy\.extraEgress/],
  ["a webhook that nothing signs", set("audit.webhook.url=https://siem.example/h"), /audit\.webhook\.url without audit\.webhook\.existingSecret: name a Secret/],
  ["Vault by a token that is not mounted", set("config.vault.address=https://v.example", "config.vault.kubernetes.role=r"), /set serviceAccount\.automount=true/],
  ["two listeners on one port", set("listeners.admin.port=8080"), /must differ, and are 8080, 8080/],
  ["a CONNECT listener that nobody reaches", set("config.connect.address=127.0.0.1:8081"), /config\.connect\.address 127\.0\.0\.1:8081 cannot be reached .*set it to 0\.0\.0\.0:8081/],
  ["clients' certificates without HTTPS", set("clientCA.existingSecret=c"), /clientCA .*set tls\.existingSecret/],
  ["two authorities", set("tls.existingSecret=t", "clientCA.existingSecret=c", "clientCA.existingConfigMap=c"), /clientCA\.existingSecret and clientCA\.existingConfigMap/],
  ["a traffic policy for outside without an outside", set("service.externalTrafficPolicy=Local"), /service\.externalTrafficPolicy is for service\.type/],
  ["callers from outside that the NetworkPolicy keeps out", set("service.type=LoadBalancer"), /service\.type LoadBalancer .*add an ipBlock .*service\.loadBalancerSourceRanges/],
  ["a budget that lets no node be drained", set("pdb.minAvailable=1"), /pdb\.minAvailable 1 of 1 replicas lets no node be drained/],
  ["a budget of none that may be missing", set("pdb.maxUnavailable=0"), /pdb\.maxUnavailable 0 lets no node be drained: set pdb\.maxUnavailable to 1/],
  ["a budget of all that must be there", set("pdb.minAvailable=100%", "replicaCount=3"), /pdb\.minAvailable 100% of 3 replicas lets no node be drained/],
  ["a budget of a part that is rounded up to all", set("pdb.minAvailable=51%", "replicaCount=2"), /pdb\.minAvailable 51% of 2 replicas lets no node be drained/],
  ["an autoscaler of a part of nothing", [...set("autoscaling.enabled=true"), ...json("resources.requests.cpu", null)], /autoscaling\.targetCPU is a part of resources\.requests\.cpu, which is not set/],
  ["an autoscaler beside a container that asks for nothing", [...set("autoscaling.enabled=true"), ...json("extraContainers", [{ name: "sidecar", image: "a" }])], /autoscaling\.targetCPU .*sidecar .*extraContainers .*resources\.requests\.cpu/],
  ["a rollout that can replace nothing", set("strategy.rollingUpdate.maxSurge=0%"), /strategy\.rollingUpdate\.maxUnavailable and maxSurge are both 0.*set maxSurge to 1/],
  ["networks of a load balancer that is none", set("service.loadBalancerSourceRanges={10.0.0.0/8}"), /service\.loadBalancerSourceRanges .*for service\.type LoadBalancer: take them out/],
  ["a class of a load balancer that is none", set("service.loadBalancerClass=a"), /service\.loadBalancerClass .*for service\.type LoadBalancer/],
  ["two ports of the Service that are one", [...set("service.connectPort=8080"), ...json("config.connect", { address: "0.0.0.0:8081", ca: { certificate: "a", private_key: "b" } })], /service\.port and service\.connectPort must differ, and both are 8080/],
  ["two secrets in one file", [...defaults, ...json("credentials.existingSecrets", ["a", "b"].map((name) => ({ name, items: [{ key: "k", path: "push-full" }] })))], /two secrets would be the file \/run\/secrets\/sluice\/push-full: .*another path/],
  ["a secret in the file of Redis' password", [...set("redis.enabled=true", "redis.host=r", "redis.existingSecret=s"), ...json("credentials.existingSecrets", [{ name: "a", items: [{ key: "k", path: "push-full" }, { key: "r", path: "redis-password" }] }])], /two secrets would be the file .*redis-password/],
  ["a volume of the chart's own name", [...defaults, ...json("extraVolumes", [{ name: "spool", emptyDir: {} }])], /extraVolumes has spool, which the chart has itself/],
  ["a volume in the chart's own place", [...defaults, ...json("extraVolumeMounts", [{ name: "a", mountPath: "/var/lib/sluice/" }])], /extraVolumeMounts has \/var\/lib\/sluice\/, where the chart mounts its own/],
];

for (const [what, values, message, bare] of guards)
  test(`refuses ${what}, and says what to do`, () => {
    for (const version of HELMS) {
      const result = template(values, { version, ...(bare ? { apis: [] } : {}) });
      assert.equal(result.status, 1, result.stdout);
      assert.match(result.stderr, message);
    }
  });

// What stands next to a guard and is allowed.
const allowed = [
  ["credentials from elsewhere", [...POLICY, ...json("config.apis", { push: { ...api, credential: { full: { vault: "secret/data/push#full" } } } })]],
  ["a credential that an item has", [...POLICY, ...json("credentials.existingSecrets", [{ name: "k", items: [{ key: "a", path: "push-full" }] }])]],
  ["a spool that is full and lets requests pass", set("config.audit.retain.size=4GiB", "config.audit.when_unavailable=allow")],
  ["a spool in a volume of one's own", [...set("config.audit.spool=/data/a.db"), ...json("extraVolumes", [{ name: "d", emptyDir: {} }]), ...json("extraVolumeMounts", [{ name: "d", mountPath: "/data" }])]],
  ["a grace period just long enough", set("terminationGracePeriodSeconds=55")],
  ["a monitor without a NetworkPolicy", set("metrics.podMonitor.enabled=true", "networkPolicy.enabled=false")],
  ["callers from outside whose networks are named", set("service.type=NodePort", "networkPolicy.ingress.from[0].ipBlock.cidr=192.0.2.0/24")],
  ["an autoscaler of other metrics alone", [...set("autoscaling.enabled=true", "autoscaling.targetCPU=0"), ...json("resources", null), ...json("autoscaling.metrics", [{ type: "Pods", pods: { metric: { name: "a" }, target: { type: "Value", value: "1" } } }])]],
  ["a budget of half of two", set("pdb.minAvailable=50%", "replicaCount=2")],
  ["a budget of no pod at all", set("pdb.minAvailable=1", "replicaCount=0")],
  ["a budget of one of two", set("pdb.minAvailable=1", "replicaCount=2")],
  ["as many replicas as the limit has parts", set("replicaCount=9")],
];
for (const [what, values] of allowed)
  test(`allows ${what}`, () => {
    const result = template(values);
    assert.equal(result.status, 0, result.stderr);
  });
