// What must hold for every rendering: each function gives a list of problems. `named` are the words of the values: an object
// that the chart does not make must be one that the values name.
import { validate } from "./kvalidate.mjs";
import { judgePods } from "./judge_pods.mjs";

const matches = (selector, labels) => Object.entries(selector).every(([key, value]) => labels?.[key] === value);

export const podsOf = (documents) =>
  documents.flatMap((d) => {
    if (d.kind === "Pod") return [{ id: `Pod/${d.metadata.name}`, owner: d, labels: d.metadata.labels, spec: d.spec }];
    const template = d.spec?.template;
    return template?.spec ? [{ id: `${d.kind}/${d.metadata.name}`, owner: d, labels: template.metadata.labels, spec: template.spec }] : [];
  });

const portsOf = (pod) => pod.spec.containers.flatMap((container) => container.ports ?? []);

function judgeNames(documents) {
  const problems = [];
  const seen = new Set();
  for (const d of documents) {
    const id = `${d.apiVersion}/${d.kind}/${d.metadata?.name}`;
    if (seen.has(id)) problems.push(`${id}: twice`);
    seen.add(id);
    const most = ["Service", "Pod", "StatefulSet"].includes(d.kind) ? 63 : 253;
    if (!(d.metadata?.name?.length <= most)) problems.push(`${id}: name too long`);
    if (d.kind === "StatefulSet" && d.metadata.name.length > 52) problems.push(`${id}: too long for the label with its revision`);
    const labels = [d.metadata?.labels, d.spec?.template?.metadata?.labels, d.spec?.selector?.matchLabels, d.spec?.podSelector?.matchLabels];
    for (const [key, value] of labels.flatMap((each) => Object.entries(each ?? {}))) {
      if (!/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/.test(value)) problems.push(`${id}: label ${key}: ${value}`);
    }
    // RFC 1035, as the API server asks of Services; the others are parts of names in DNS too.
    if (d.kind === "Service" && !/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(d.metadata.name)) problems.push(`${id}: no name of a Service`);
    if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(d.metadata.name)) problems.push(`${id}: no name in DNS`);
    if (d.kind === "Secret") problems.push(`${id}: a Secret is rendered`);
    if (d.spec && d.apiVersion !== "cilium.io/v2" && d.metadata.namespace !== "ns") problems.push(`${id}: no namespace`);
  }
  return problems;
}

// Selectors select the gate's pods, and only those.
function judgeSelectors(documents, gate) {
  const problems = [];
  const tests = podsOf(documents).filter((pod) => pod.owner.kind === "Pod");
  for (const d of documents) {
    const id = `${d.kind}/${d.metadata.name}`;
    const selector = {
      Deployment: () => d.spec.selector.matchLabels,
      StatefulSet: () => d.spec.selector.matchLabels,
      Service: () => d.spec.selector,
      PodDisruptionBudget: () => d.spec.selector.matchLabels,
      PodMonitor: () => d.spec.selector.matchLabels,
    }[d.kind]?.();
    if (!selector) continue;
    if (!matches(selector, gate.labels)) problems.push(`${id}: selects no pod of the gate`);
    for (const pod of tests) if (matches(selector, pod.labels)) problems.push(`${id}: selects ${pod.id} too`);
  }
  for (const constraint of gate.spec.topologySpreadConstraints ?? [])
    if (!matches(constraint.labelSelector?.matchLabels ?? { none: "" }, gate.labels)) problems.push(`${gate.id}: a spread constraint selects no pod of the gate`);
  for (const pod of [gate, ...tests]) {
    const policies = documents.filter((d) => d.kind === "NetworkPolicy" && matches(d.spec.podSelector.matchLabels, pod.labels));
    if (documents.some((d) => d.kind === "NetworkPolicy") && policies.length !== 1) problems.push(`${pod.id}: ${policies.length} NetworkPolicies`);
  }
  return problems;
}

function judgeServices(documents, gate) {
  const problems = [];
  const names = portsOf(gate).map((port) => port.name);
  const services = documents.filter((d) => d.kind === "Service");
  for (const service of services) {
    const id = `Service/${service.metadata.name}`;
    for (const port of service.spec.ports) {
      if (!names.includes(port.targetPort)) problems.push(`${id}: target port ${port.targetPort} is none of the pod's`);
      const number = portsOf(gate).find((each) => each.name === port.targetPort)?.containerPort;
      if (service.spec.clusterIP === "None" && port.port !== number) problems.push(`${id}: headless, and port ${port.port} is not the pod's ${number}`);
      if (!service.metadata.name.endsWith("-metrics") && port.targetPort === "admin") problems.push(`${id}: the admin port is on the Service of callers`);
    }
  }
  const portOf = (name, wanted) => services.find((s) => s.metadata.name === name)?.spec.ports.find((p) => p.name === wanted || p.port === wanted);
  for (const d of documents) {
    const backends = {
      Ingress: () => d.spec.rules.flatMap((rule) => rule.http.paths.map(({ backend }) => [backend.service.name, backend.service.port.name])),
      HTTPRoute: () => d.spec.rules.flatMap((rule) => rule.backendRefs.map((ref) => [ref.name, ref.port])),
    }[d.kind]?.() ?? [];
    for (const [name, port] of backends) if (!portOf(name, port)) problems.push(`${d.kind}/${d.metadata.name}: no Service ${name} with port ${port}`);
    if (d.kind === "ServiceMonitor") {
      const chosen = services.filter((service) => matches(d.spec.selector.matchLabels, service.metadata.labels));
      if (chosen.length !== 1) problems.push(`ServiceMonitor/${d.metadata.name}: selects ${chosen.length} Services`);
      for (const { port } of d.spec.endpoints) if (!chosen[0]?.spec.ports.some((each) => each.name === port)) problems.push(`ServiceMonitor/${d.metadata.name}: no port ${port}`);
    }
    if (d.kind === "PodMonitor") for (const { port } of d.spec.podMetricsEndpoints) if (!names.includes(port)) problems.push(`PodMonitor/${d.metadata.name}: no port ${port}`);
  }
  return problems;
}

function judgeWorkload(documents, gate) {
  const problems = [];
  const { owner } = gate;
  const scaler = documents.find((d) => d.kind === "HorizontalPodAutoscaler");
  if (scaler) {
    const target = scaler.spec.scaleTargetRef;
    if (target.kind !== owner.kind || target.name !== owner.metadata.name) problems.push(`HorizontalPodAutoscaler: scales ${target.kind}/${target.name}`);
    if ("replicas" in owner.spec) problems.push(`${gate.id}: replicas beside an autoscaler`);
  } else if (!("replicas" in owner.spec)) problems.push(`${gate.id}: no replicas`);
  if (owner.kind === "StatefulSet" && !documents.some((d) => d.kind === "Service" && d.metadata.name === owner.spec.serviceName && d.spec.clusterIP === "None"))
    problems.push(`${gate.id}: no headless Service ${owner.spec.serviceName}`);
  const account = gate.spec.serviceAccountName;
  const made = documents.find((d) => d.kind === "ServiceAccount");
  if (made && (made.metadata.name !== account || made.automountServiceAccountToken !== false)) problems.push(`${gate.id}: service account ${account}, made ${made.metadata.name}`);
  for (const [probe, path] of [["startupProbe", "/healthz"], ["livenessProbe", "/healthz"], ["readinessProbe", "/readyz"]])
    if (gate.spec.containers[0][probe]?.httpGet?.path !== path) problems.push(`${gate.id}: ${probe} does not ask ${path}`);
  return problems;
}

// The gate's listeners, the pod's ports and the NetworkPolicy speak of the same numbers.
function judgePorts(documents, gate, config) {
  const problems = [];
  const numberOf = (address) => Number(/[0-9]+$/.exec(address)[0]);
  const listens = { admin: numberOf(config.admin.address), [config.listen[0].tls ? "https" : "http"]: numberOf(config.listen[0].address) };
  if (config.connect) listens.connect = numberOf(config.connect.address);
  const has = Object.fromEntries((gate.spec.containers[0].ports ?? []).map((port) => [port.name, port.containerPort]));
  if (JSON.stringify(Object.entries(has).sort()) !== JSON.stringify(Object.entries(listens).sort()))
    problems.push(`${gate.id}: ports ${JSON.stringify(has)}, the gate listens on ${JSON.stringify(listens)}`);
  const policy = documents.find((d) => d.kind === "NetworkPolicy" && matches(d.spec.podSelector.matchLabels, gate.labels));
  if (policy) {
    const opened = policy.spec.ingress.flatMap((rule) => (rule.ports ?? []).map((port) => port.port));
    for (const [name, port] of Object.entries(listens)) if (!opened.includes(port)) problems.push(`NetworkPolicy: does not open ${name}, ${port}`);
    for (const port of opened) if (!Object.values(listens).includes(port)) problems.push(`NetworkPolicy: opens ${port}, where nothing listens`);
  }
  return problems;
}

export async function judge(documents, { config, named }) {
  if (documents.length === 0) return ["no document"];
  const problems = [];
  for (const d of documents) problems.push(...(await validate(d)));
  const gate = podsOf(documents).find((pod) => pod.owner.kind !== "Pod");
  if (!gate) return [...problems, "no Deployment and no StatefulSet"];
  problems.push(...judgeNames(documents), ...judgePods(documents, podsOf(documents), named), ...judgeSelectors(documents, gate));
  problems.push(...judgeServices(documents, gate), ...judgeWorkload(documents, gate), ...judgePorts(documents, gate, config));
  return problems;
}
