// Files that repeat what others say: README's table, alerts, dashboard, NOTES, the packaged chart.
import { test } from "node:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { APIS, assert, chart, copyOfChart, defaults, find, folder, helm, readYaml, render, template, HELMS } from "../helm.mjs";
import { runSluice } from "../gate.mjs";
import { here, installed, source } from "../modules.mjs";

const text = (path) => readFileSync(path, "utf8");

test("README's table is the one that values.yaml makes", () => {
  const readme = join(folder(), "README.md");
  copyFileSync(join(chart, "README.md"), readme);
  const result = spawnSync(join(installed, "node_modules/.bin/readme-generator"), ["--values", join(chart, "values.yaml"), "--readme", readme], { encoding: "utf8" });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.equal(text(join(chart, "README.md")), text(readme), "make it anew: tests/README.md says how");
});

test("a value without a description is noticed", () => {
  const values = join(folder(), "values.yaml");
  writeFileSync(values, `${text(join(chart, "values.yaml"))}\nsecretly: 1\n`);
  const readme = join(folder(), "README.md");
  copyFileSync(join(chart, "README.md"), readme);
  const result = spawnSync(join(installed, "node_modules/.bin/readme-generator"), ["--values", values, "--readme", readme], { encoding: "utf8" });
  assert.equal(result.status, 1);
  assert.match(result.stdout + result.stderr, /secretly/);
});

for (const name of ["alerts.yaml", "grafana.json"])
  test(`the chart's ${name} is config/monitoring's`, () => {
    assert.equal(text(join(chart, "files", name)), text(join(source, "config/monitoring", name)), `cp config/monitoring/${name} helm/sluice/files/`);
  });

test("the dashboard arrives whole", () => {
  const documents = render([...defaults, "--set", "dashboard.enabled=true"]);
  assert.deepEqual(JSON.parse(find(documents, "ConfigMap", "-dashboard").data["sluice.json"]), JSON.parse(text(join(source, "config/monitoring/grafana.json"))));
});

test("the limits that pods divide are the catalogues' own", () => {
  const known = /\$known := dict (.*) -\}\}/.exec(text(join(chart, "templates/_config.tpl")))[1];
  for (const api of ["push", "securenvoy"]) {
    const { limit } = readYaml(text(join(source, `policy/catalogue/${api}.yaml`)));
    assert.ok(known.includes(`"${api}" (dict "rate" ${limit.rate} "burst" ${limit.burst})`), known);
  }
});

test("the version that the chart installs is the binary's", () => {
  const { appVersion } = readYaml(text(join(chart, "Chart.yaml")));
  assert.equal(runSluice(["version"]).stdout.split(" ")[1], appVersion);
});

test("kvalidate fails on an unknown field, on a kind that is none, and on no document", () => {
  const file = join(folder(), "manifests.yaml");
  const validate = (content) => {
    writeFileSync(file, content);
    return spawnSync(process.execPath, [join(here, "kvalidate.mjs"), file], { encoding: "utf8" });
  };
  const good = template(["-f", join(chart, "ci/full-values.yaml")], { apis: APIS }).stdout;
  assert.equal(validate(good).status, 0);
  for (const [content, message] of [["", /0 documents/], ["# nothing\n---\n", /0 documents/], [good.replace("\n  replicas: 2", "\n  replica: 2"), /replica: unknown field/], [good.replace("kind: Service\n", "kind: Servic\n"), /no such kind/], [good.replace("  endpoints:", "  endpointz:"), /endpoints/]]) {
    const result = validate(content);
    assert.equal(result.status, 1);
    assert.match(result.stdout, message);
  }
});

// NOTES.txt as a template would see it: `helm install --dry-run` wants a cluster.
function notes(...given) {
  const copy = copyOfChart();
  writeFileSync(join(copy, "templates/notes-test.yaml"), 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: notes }\ndata:\n  notes: {{ include (print .Template.BasePath "/NOTES.txt") . | quote }}\n');
  return find(render([...defaults, ...given], { of: copy }), "ConfigMap", "notes").data.notes;
}

test("the notes say what is next, and what is missing", () => {
  const first = notes();
  for (const words of [/helm test rel -n ns/, /sluice client new NAME/, /http:\/\/rel-sluice\.ns\.svc:8080\/push/, /port-forward svc\/rel-sluice-metrics 9901:9090/, /No webhook/, /events that no webhook has taken go with it/, /the internet on 443/]) assert.match(first, words);
  assert.doesNotMatch(first, /one part of/);
  assert.match(notes("--set", "replicaCount=3"), /Each pod has one part of 4/);
  assert.match(notes("--set", "redis.enabled=true", "--set", "redis.host=r.cache.example"), /networkPolicy\.redis\.to/);
  assert.match(notes("--set", "networkPolicy.enabled=false"), /metadata service/);
  assert.match(notes("--set", "autoscaling.enabled=true"), /starts at one pod/);
  assert.match(notes("--set-json", 'config.clients={"soar":{"token_sha256":["0f"]}}', "--set", "tls.existingSecret=t"), /Its clients: soar\. Tools call\n +https:/);
});

for (const version of HELMS)
  test(`${version} packages it, and the package renders the same`, () => {
    const out = folder();
    const result = helm(version, "package", chart, "-d", out);
    assert.equal(result.status, 0, result.stderr);
    const archive = join(out, "sluice-0.1.0.tgz");
    assert.deepEqual(render(defaults, { version, of: archive }), render(defaults, { version }));
    const names = spawnSync("tar", ["tzf", archive], { encoding: "utf8" }).stdout.split("\n");
    for (const name of ["values.schema.json", "README.md", "files/alerts.yaml", "files/grafana.json", "templates/NOTES.txt"]) assert.ok(names.includes(`sluice/${name}`), name);
    assert.ok(!names.some((name) => name.includes("/ci/")));
  });
