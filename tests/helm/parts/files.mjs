// Files that repeat what others say: VALUES.md, README's values and commands, alerts, dashboard, NOTES, the packaged chart.
import { test } from "node:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { APIS, assert, chart, configOf, copyOfChart, defaults, find, folder, helm, parse, readYaml, render, template, HELMS } from "../helm.mjs";
import { judge } from "../judge.mjs";
import { check, runSluice } from "../gate.mjs";
import { here, installed, source } from "../modules.mjs";

const text = (path) => readFileSync(path, "utf8");

test("VALUES.md is the one that values.yaml makes", () => {
  const readme = join(folder(), "VALUES.md");
  copyFileSync(join(chart, "VALUES.md"), readme);
  const result = spawnSync(join(installed, "node_modules/.bin/readme-generator"), ["--values", join(chart, "values.yaml"), "--readme", readme], { encoding: "utf8" });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.equal(text(join(chart, "VALUES.md")), text(readme), "make it anew: tests/README.md says how");
});

test("a value without a description is noticed", () => {
  const values = join(folder(), "values.yaml");
  writeFileSync(values, `${text(join(chart, "values.yaml"))}\nsecretly: 1\n`);
  const readme = join(folder(), "VALUES.md");
  copyFileSync(join(chart, "VALUES.md"), readme);
  const result = spawnSync(join(installed, "node_modules/.bin/readme-generator"), ["--values", values, "--readme", readme], { encoding: "utf8" });
  assert.equal(result.status, 1);
  assert.match(result.stdout + result.stderr, /secretly/);
});

// What stands in README's fences of YAML, each over the one before it, as an operator would add to gate.yaml.
const snippets = [...text(join(chart, "README.md")).matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent, content]) => content.replaceAll(new RegExp(`^${indent}`, "gm"), ""));
// A folder with the files that README's commands name.
function files(snippet) {
  const place = folder();
  writeFileSync(join(place, "gate.yaml"), snippets[0]);
  writeFileSync(join(place, "more.yaml"), snippet ?? "");
  writeFileSync(join(place, "policy.yaml"), "version: 1\nrules: []\n");
  return place;
}

test("README has values of each kind", () => assert.ok(snippets.length >= 5));
for (const [number, snippet] of snippets.entries())
  for (const version of HELMS)
    test(`${version} renders README's values ${number + 1}, and the gate takes them`, async () => {
      const place = files(snippet);
      const policy = /existingConfigMap/.test(snippet) ? [] : ["--set-file", `policy.inline=${join(place, "policy.yaml")}`];
      const documents = render(["-f", join(place, "gate.yaml"), "-f", join(place, "more.yaml"), ...policy], { version, release: "gate" });
      assert.deepEqual(await judge(documents, { config: configOf(documents), named: { has: () => true } }), []);
      assert.deepEqual(check(documents).findings.filter((finding) => finding.severity === "error"), []);
    });

const commands = text(join(chart, "README.md")).replaceAll(/\\\n\s+/g, "").split("\n").map((line) => line.trim().replace(/ +# .*/, "")).filter((line) => /^helm (install|upgrade) /.test(line));
// Of options that `helm template` has not: those that each Helm knows.
const options = { helm3: ["--wait", "--atomic"], helm4: ["--wait", "--rollback-on-failure", "--force-conflicts"] };
test("README has commands of Helm", () => assert.ok(commands.length >= 4, commands.join("; ")));
for (const line of commands)
  for (const version of HELMS)
    test(`${version} takes what README types: ${line.slice(0, 60)}`, () => {
      const words = line.replace("--rollback-on-failure", version === "helm3" ? "--atomic" : "$&").replaceAll("'", "").split(" ").slice(2);
      const help = helm(version, line.split(" ")[1], "--help").stdout;
      for (const option of words.filter((word) => word.startsWith("--"))) assert.match(help, new RegExp(`${option}\\b`));
      const place = files();
      const given = words.filter((word) => !options[version].includes(word)).map((word) => (word === "helm/sluice" ? chart : word.replace(/^(policy\.inline=)?(\w+\.yaml)$/, `$1${place}/$2`)));
      const result = helm(version, "template", ...given);
      assert.equal(result.status, 0, result.stderr);
      assert.ok(find(parse(result.stdout), "Service", "gate-sluice"));
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
  assert.doesNotMatch(first, /Pod Security/);
  for (const less of ["containerSecurityContext=null", "podSecurityContext=null", "containerSecurityContext.privileged=true", "containerSecurityContext.capabilities.drop=null",
    "containerSecurityContext.allowPrivilegeEscalation=true"])
    assert.match(notes("--set", less), /less than Pod Security "restricted" asks/, less);
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
    for (const name of ["values.schema.json", "README.md", "VALUES.md", "files/alerts.yaml", "files/grafana.json", "templates/NOTES.txt"]) assert.ok(names.includes(`sluice/${name}`), name);
    assert.ok(!names.some((name) => name.includes("/ci/")));
  });
