// Faults that people make in charts, made in a copy of this one: each has to be caught, by Helm or by what the other tests ask.
import { test } from "node:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, chart, configOf, copyOfChart, counts, parse, template } from "../helm.mjs";
import { judge } from "../judge.mjs";
import { check } from "../gate.mjs";
import { namedIn } from "./renders.mjs";

// [what, file, what it says, what it is made to say, what is found, ci values]
const faults = [
  ["a misspelt field", "templates/_pod.tpl", "readinessProbe:", "readynessProbe:", /readynessProbe: unknown field/],
  ["a field at the wrong depth", "templates/_pod.tpl", "enableServiceLinks: false", "restartPolicies: Always", /restartPolicies: unknown field/],
  ["a mode as text", "templates/_pod.tpl", "defaultMode: 288 # 0440", 'defaultMode: "0440"', /defaultMode: expected number/],
  ["a mode that others can read", "templates/_pod.tpl", "defaultMode: 288 # 0440", "defaultMode: 0444", /has the mode 444/],
  ["a mode in the wrong base", "templates/_pod.tpl", "defaultMode: 288 # 0440", "defaultMode: 440", /has the mode 440/],
  ["a text where a number belongs", "templates/deployment.yaml", "replicas: {{ .Values.replicaCount }}", "replicas: {{ .Values.replicaCount | quote }}", /replicas: expected number/],
  ["a missing required field", "templates/hpa.yaml", "  maxReplicas: {{ .Values.autoscaling.maxReplicas }}\n", "", /maxReplicas/, "hpa"],
  ["a kind of an old API", "templates/pdb.yaml", "policy/v1", "policy/v1beta1", /no such kind in policy\/v1beta1/],
  ["a mount that is missing", "templates/_pod.tpl", "- { name: policy, mountPath: /etc/sluice/policy, readOnly: true }\n", "", /the volume policy is mounted nowhere/],
  ["a volume that is missing", "templates/_pod.tpl", "- name: spool\n", "- name: spol\n", /mounts spool, which is no volume/],
  ["a mount by subPath", "templates/_pod.tpl", "mountPath: /etc/sluice/policy, readOnly: true", "mountPath: /etc/sluice/policy/policy.yaml, subPath: policy.yaml, readOnly: true", /by subPath/],
  ["a volume inside of another", "templates/_pod.tpl", "mountPath: /etc/sluice/config, readOnly", "mountPath: /etc/sluice, readOnly", /is inside of the volume \/etc\/sluice/],
  ["a configuration where nothing is mounted", "templates/_pod.tpl", "/etc/sluice/config/sluice.yaml", "/etc/sluice/sluice.yaml", /cannot read|No such file/],
  ["a policy where nothing is mounted", "templates/_config.tpl", "/etc/sluice/policy/%s", "/etc/sluice/policies/%s", /policies\/policy\.yaml/],
  ["another policy's name", "templates/_helpers.tpl", '%s-policy"', '%s-polices"', /ConfigMap rel-sluice-polices is neither made nor named/],
  ["another Secret's name", "templates/_pod.tpl", "    name: {{ .name | quote }}\n", "    name: {{ .name }}-x\n", /Secret sluice-keys-x is neither made nor named/],
  ["another Secret's key", "templates/_pod.tpl", "{ key: {{ .passwordKey | quote }}, path", "{ key: pasword, path", /the key pasword of the Secret redis-auth/, "redis"],
  ["a probe of a port that is none", "templates/_pod.tpl", "  port: admin\n", "  port: metrics\n", /readinessProbe asks the port metrics/],
  ["a probe of another path", "templates/_pod.tpl", '"/readyz"', '"/healthz"', /readinessProbe does not ask \/readyz/],
  ["a container port that nobody listens on", "templates/_pod.tpl", "containerPort: {{ .Values.listeners.admin.port }}", "containerPort: 9901", /the gate listens on .*9090/],
  ["a target port that is none", "templates/service.yaml", "targetPort: {{ $name }}", "targetPort: web", /target port web is none of the pod's/],
  ["the admin port for callers", "templates/service.yaml", "targetPort: {{ $name }}", "targetPort: admin", /the admin port is on the Service of callers/],
  ["a headless port that is not the pod's", "templates/service-metrics.yaml", "port: {{ .Values.listeners.admin.port }}", "port: 80", /headless, and port 80/],
  ["a selector that selects nothing", "templates/service.yaml", "selector:\n    {{-", "selector:\n    app: sluice\n    {{-", /Service\/rel-sluice: selects no pod/],
  ["a selector that selects the test pod too", "templates/_helpers.tpl", "\napp.kubernetes.io/component: gate", "", /selects Pod\/rel-sluice-ready too/],
  ["a network policy for nobody", "templates/networkpolicy.yaml", 'include "sluice.selectorLabels" . | nindent 6', 'include "sluice.selectorLabels" . | replace "gate" "gates" | nindent 6', /0 NetworkPolicies/],
  ["a network policy of another port", "templates/networkpolicy.yaml", "{ port: {{ $.Values.listeners.proxy.port }}, protocol: TCP }", "{ port: 80, protocol: TCP }", /does not open http, 8080/],
  ["an ingress to no port", "templates/ingress.yaml", '"https" "http" (ne', '"tls" "http" (ne', /no Service rel-sluice with port tls/, "full"],
  ["a route to no port", "templates/httproute.yaml", "port: {{ .Values.service.port }}", "port: 8080", /no Service rel-sluice with port 8080/, "full"],
  ["a monitor of no port", "templates/servicemonitor.yaml", "port: admin", "port: metrics", /ServiceMonitor\/rel-sluice: no port metrics/, "full"],
  ["a monitor of the Service of callers", "templates/servicemonitor.yaml", "component: metrics\n  endpoints", "component: gate\n  endpoints", /no port admin/, "full"],
  ["a rule without an expression", "files/alerts.yaml", 'expr: up{job=~".*sluice.*"} == 0', "expression: up == 0", /expr/, "full"],
  ["replicas beside an autoscaler", "templates/deployment.yaml", "{{- if not .Values.autoscaling.enabled }}", "{{- if true }}", /replicas beside an autoscaler/, "hpa"],
  ["an autoscaler of something else", "templates/hpa.yaml", "kind: Deployment", "kind: StatefulSet", /scales StatefulSet\/rel-sluice/, "hpa"],
  ["a StatefulSet without its Service", "templates/statefulset.yaml", "serviceName: {{ printf \"%s-metrics\" (include \"sluice.fullname\" .) | quote }}", "serviceName: {{ include \"sluice.fullname\" . }}", /no headless Service rel-sluice/, "persistent"],
  ["a pod that may become root", "values.yaml", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", /Pod\/rel-sluice-ready.*allowPrivilegeEscalation/],
  ["capabilities that stay", "values.yaml", "drop: [ALL]", "drop: [NET_RAW]", /capabilities\.drop has no ALL/],
  ["a root that can be written", "values.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", /readOnlyRootFilesystem is not true/],
  ["no seccomp profile", "values.yaml", "  seccompProfile:\n    type: RuntimeDefault\n", "", /no seccompProfile/],
  ["a bare test pod", "templates/tests/ready.yaml", "      securityContext:\n        {{- toYaml . | nindent 8 }}\n", "", /Pod\/rel-sluice-ready\/ready: capabilities/],
  ["a folder of the host", "templates/_pod.tpl", "  emptyDir:\n    sizeLimit: {{ .Values.audit.spool.size | quote }}", "  hostPath:\n    path: /var/lib/sluice", /kind that restricted forbids/],
  ["a Secret made of values", "templates/extra-objects.yaml", "{{- range", "---\napiVersion: v1\nkind: Secret\nmetadata: { name: key }\n{{- range", /a Secret is rendered/],
  ["a name that is too long", "templates/_helpers.tpl", 'printf "%s-%s" .Release.Name (include "sluice.name" .)', 'printf "%s-%s-%s" .Release.Name (repeat 60 "x") (include "sluice.name" .)', /too long|is neither made/, "default", ["trunc 50", "trunc 99"]],
  ["a misspelt key of the gate's configuration", "templates/_config.tpl", "  timeout: {{", "  timeuot: {{", /unknown key "timeuot"/],
  ["a duration that the gate does not know", "templates/_config.tpl", "delay: {{ .Values.drain.delaySeconds }}s", "delay: {{ .Values.drain.delaySeconds }}sec", /is no duration|delay/],
  ["a key twice", "templates/pdb.yaml", "kind: PodDisruptionBudget\n", "kind: PodDisruptionBudget\nkind: PodDisruptionBudget\n", /duplicated mapping key/],
  ["an object twice", "templates/extra-objects.yaml", "{{- range", "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: { name: rel-sluice, namespace: ns }\n{{- range", /ServiceAccount\/rel-sluice: twice/],
  ["no object at all", "templates/deployment.yaml", "{{- if not (include \"sluice.persistent\" .) }}", "{{- if false }}", /no Deployment/],
];

async function found(copy, file) {
  const result = template(["-f", file], { of: copy });
  if (result.status !== 0) return [result.stderr];
  let documents = [];
  try {
    documents = parse(result.stdout);
  } catch (error) {
    return [String(error)];
  }
  const problems = documents.some((d) => d.metadata?.name.endsWith("-config")) ? await judge(documents, { config: configOf(documents), named: namedIn(file) }) : ["no configuration"];
  if (problems.length) return problems;
  return check(documents).findings.filter((finding) => finding.severity === "error").map((finding) => `${finding.file}: ${finding.message}`);
}

for (const [what, path, before, after, message, ci = "default", more] of faults)
  test(`catches ${what}`, async () => {
    counts.faults += 1;
    const copy = copyOfChart();
    const file = join(copy, path);
    let text = readFileSync(file, "utf8");
    for (const [from, to] of [[before, after], ...(more ? [more] : [])]) {
      assert.ok(text.includes(from), `${path} does not say ${from}`);
      text = text.replaceAll(from, to);
    }
    writeFileSync(file, text);
    const problems = await found(copy, join(chart, `ci/${ci}-values.yaml`));
    assert.ok(problems.some((problem) => message.test(problem)), `not caught: ${JSON.stringify(problems)}`);
  });
