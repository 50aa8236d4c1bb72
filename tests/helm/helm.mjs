// Runs both Helms, and counts what the tests did.
import strictAssert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed, load, source } from "./modules.mjs";

const yaml = await load("js-yaml");

export const HELMS = ["helm3", "helm4"];
export const chart = join(source, "helm/sluice");
export const ciFiles = readdirSync(join(chart, "ci")).sort().map((name) => join(chart, "ci", name));
export const counts = { renders: 0, manifests: 0, assertions: 0, faults: 0 };

// node:assert/strict, counted.
export const assert = new Proxy(strictAssert, {
  get(target, name) {
    const member = target[name];
    if (typeof member !== "function" || name === "AssertionError") return member;
    return (...given) => {
      counts.assertions += 1;
      return member(...given);
    };
  },
});

const scratch = mkdtempSync(join(tmpdir(), "sluice-chart-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
export function folder() {
  const path = join(scratch, String((folders += 1)));
  mkdirSync(path);
  return path;
}

// A copy of the chart that a test may change.
export function copyOfChart() {
  const copy = join(folder(), "sluice");
  cpSync(chart, copy, { recursive: true });
  return copy;
}

// No state of Helm outside of the scratch folder is read or left.
const environment = { ...process.env, HELM_CACHE_HOME: scratch, HELM_CONFIG_HOME: scratch, HELM_DATA_HOME: scratch, KUBECONFIG: "/dev/null" };

export const helm = (version, ...given) =>
  spawnSync(join(installed, version), given, { encoding: "utf8", env: environment, maxBuffer: 64 << 20 });

const CLUSTER = ["--kube-version", "1.35.0"];
export const APIS = ["--api-versions", "monitoring.coreos.com/v1", "--api-versions", "gateway.networking.k8s.io/v1"];

// `helm template`; the result as spawnSync has it.
export function template(given, { version = "helm4", of = chart, release = "rel", apis = APIS } = {}) {
  counts.renders += 1;
  return helm(version, "template", release, of, "--namespace", "ns", ...CLUSTER, ...apis, ...given);
}

export function parse(text) {
  const documents = yaml.loadAll(text).filter(Boolean);
  counts.manifests += documents.length;
  return documents;
}

// The documents of a rendering that has to succeed.
export function render(given, options) {
  const result = template(given, options);
  assert.equal(result.status, 0, result.stderr);
  return parse(result.stdout);
}

export const defaults = ["-f", join(chart, "ci/default-values.yaml")];
export const renderDefault = (...given) => render([...defaults, ...given]);
export const valuesOf = (file) => yaml.load(readFileSync(file, "utf8"));
export const find = (documents, kind, end = "") => documents.find((d) => d.kind === kind && d.metadata.name.endsWith(end));
export const workload = (documents) => documents.find((d) => ["Deployment", "StatefulSet"].includes(d.kind));
export const configOf = (documents) => yaml.load(find(documents, "ConfigMap", "-config").data["sluice.yaml"]);
export const readYaml = (text) => yaml.load(text);
