// Strict validation of Kubernetes manifests without a cluster. Unknown fields and scalar types by the attribute maps of
// @kubernetes/client-node, required fields and enumerations by kubernetes-models; CRDs by the latter alone.
//   node kvalidate.mjs FILE...     exits 1 on an error, and when there is no document at all
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { load, loadFile } from "./modules.mjs";

const yaml = await load("js-yaml");
// The package's root wants a newer node.
const models = await loadFile("@kubernetes/client-node/dist/gen/models/all.js");

const CRDS = {
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
  "gateway.networking.k8s.io": "@kubernetes-models/gateway-api",
};
// Groups of extraObjects whose types nobody here has.
const UNKNOWN = ["cilium.io"];

const isMap = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function walkMap(type, value, path, problems) {
  const known = models[type];
  if (!known?.getAttributeTypeMap) return problems.push(`${path}: no model for the type ${type}`);
  if (!isMap(value)) return problems.push(`${path}: expected a map`);
  const fields = new Map(known.getAttributeTypeMap().map((field) => [field.baseName, field.type]));
  for (const [key, inner] of Object.entries(value)) {
    if (fields.has(key)) walk(fields.get(key), inner, `${path}.${key}`, problems);
    else problems.push(`${path}.${key}: unknown field`);
  }
}

function walk(type, value, path, problems) {
  if (value === null || value === undefined) return problems.push(`${path}: null`);
  const list = /^Array<(.*)>$/.exec(type);
  if (list) {
    if (!Array.isArray(value)) return problems.push(`${path}: expected a list`);
    return value.forEach((item, i) => walk(list[1], item, `${path}[${i}]`, problems));
  }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (map) {
    if (!isMap(value)) return problems.push(`${path}: expected a map`);
    return Object.entries(value).forEach(([key, item]) => walk(map[1], item, `${path}.${key}`, problems));
  }
  if (["string", "number", "boolean"].includes(type)) {
    if (typeof value !== type) problems.push(`${path}: expected ${type}, got ${JSON.stringify(value)}`);
  } else if (type === "IntOrString") {
    if (!["string", "number"].includes(typeof value)) problems.push(`${path}: expected a number or a string`);
  } else if (!["any", "object", "Date", "V1MicroTime"].includes(type)) {
    walkMap(type, value, path, problems);
  }
}

// Everything that is wrong with one document.
export async function validate(document) {
  const problems = [];
  const [group, version] = document.apiVersion?.includes("/") ? document.apiVersion.split("/") : ["", document.apiVersion ?? ""];
  const id = `${document.kind}/${document.metadata?.name}`;
  if (UNKNOWN.includes(group)) return problems;
  if (!CRDS[group]) {
    const type = `${version.charAt(0).toUpperCase()}${version.slice(1)}${document.kind}`;
    if (!models[type]) return [`${id}: no such kind in ${document.apiVersion}`];
    walk(type, document, id, problems);
  }
  try {
    const module = await loadFile(`${CRDS[group] ?? "kubernetes-models"}/${group ? `${group}/` : ""}${version}/${document.kind}.js`);
    new module[document.kind](document).validate();
  } catch (error) {
    problems.push(`${id}: ${error.message}`);
  }
  return problems;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  let count = 0;
  const problems = [];
  for (const file of process.argv.slice(2)) {
    for (const document of yaml.loadAll(readFileSync(file, "utf8")).filter(Boolean)) {
      count += 1;
      problems.push(...(await validate(document)).map((text) => `${file}: ${text}`));
    }
  }
  for (const text of problems) console.log(text);
  console.log(`${count} documents, ${problems.length} errors`);
  process.exit(problems.length || !count ? 1 : 0);
}
