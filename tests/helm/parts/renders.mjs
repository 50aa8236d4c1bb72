// Every ci/*-values.yaml, by both Helms.
import { test } from "node:test";
import { basename } from "node:path";
import { HELMS, assert, chart, ciFiles, configOf, helm, parse, template, valuesOf } from "../helm.mjs";
import { judge } from "../judge.mjs";
import { check } from "../gate.mjs";

// Every word of the values, for names of objects that exist already.
export function words(value) {
  if (typeof value === "string") return [value];
  return value && typeof value === "object" ? Object.values(value).flatMap(words) : [];
}
export const namedIn = (file) => new Set([...words(valuesOf(file)), "ca.crt", "redis-password", "webhook-secret"]);

for (const version of HELMS)
  for (const file of ciFiles)
    test(`${version} lints ${basename(file)}`, () => {
      const result = helm(version, "lint", "--strict", "--kube-version", "1.35.0", "--namespace", "ns", "-f", file, chart);
      assert.equal(result.status, 0, result.stdout + result.stderr);
      assert.match(result.stdout, /1 chart\(s\) linted, 0 chart\(s\) failed/);
    });

for (const file of ciFiles)
  test(`${basename(file)} renders to the same octets with both Helms, and without a problem`, async () => {
    const [three, four] = HELMS.map((version) => template(["-f", file], { version }));
    for (const result of [three, four]) {
      assert.equal(result.status, 0, result.stderr);
      assert.equal(result.stderr, "");
    }
    assert.equal(three.stdout, four.stdout);
    parse(three.stdout);
    const documents = parse(four.stdout);
    assert.deepEqual(await judge(documents, { config: configOf(documents), named: namedIn(file) }), []);
  });

for (const file of ciFiles)
  test(`${basename(file)}: the real sluice check takes configuration and policy`, () => {
    const documents = parse(template(["-f", file]).stdout);
    const { status, findings } = check(documents);
    assert.deepEqual(findings.filter((finding) => finding.severity === "error"), []);
    assert.equal(status, 0);
    // An emptyDir is open to all of the pod, as the kubelet makes it; nothing else is.
    const open = findings.filter((finding) => finding.rule?.endsWith("-open-to-others")).map((finding) => finding.message);
    for (const message of open) assert.match(message, /others can write the folder .*\/var\/lib\/sluice/);
  });
