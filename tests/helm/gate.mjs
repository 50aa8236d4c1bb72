// The real binary: SLUICE_BINARY.
import { spawn, spawnSync } from "node:child_process";
import { strict as assert } from "node:assert";
import { podsOf } from "./judge.mjs";
import { layOut } from "./pod_files.mjs";
import { folder } from "./helm.mjs";

const binary = process.env.SLUICE_BINARY;
assert.ok(binary, "set SLUICE_BINARY to the built sluice");

export const POLICY = "version: 1\nrules:\n  - { id: reads, effect: allow, when: { access: read } }\n";

// Variables that the pod's environment would have.
function environmentOf(pod) {
  const names = (pod.spec.containers[0].env ?? []).map((each) => each.name);
  return { PATH: process.env.PATH, ...Object.fromEntries(names.map((name) => [name, name.endsWith("_URL") ? "https://hooks.example/x" : "a-made-up-value"])) };
}

export const runSluice = (given, env = {}) => spawnSync(binary, given, { encoding: "utf8", env: { PATH: process.env.PATH, ...env } });

// `sluice check` over the files of a rendering: { status, findings }. `policy`: the text of a policy that exists already.
export function check(documents, policy = POLICY) {
  const pod = podsOf(documents).find((each) => each.owner.kind !== "Pod");
  const given = new Proxy({}, { get: (_, name) => (name.endsWith(".yaml") ? policy : undefined) });
  const files = layOut(folder(), documents, pod, given);
  const result = runSluice(["check", "--config", files.config, "--format", "json"], environmentOf(pod));
  let findings = [];
  try {
    findings = JSON.parse(result.stdout).findings;
  } catch {
    findings = [{ severity: "error", message: `${result.stdout}${result.stderr}` }];
  }
  return { status: result.status, findings, pod, files };
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const patience = 20_000 * Number(process.env.SLUICE_TEST_PATIENCE ?? 1);

export async function eventually(what, holds) {
  const end = Date.now() + patience;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `waited in vain: ${typeof what === "function" ? what() : what}`);
    await sleep(50);
  }
}

// `sluice serve`: { admin, log(), end() }; end() is SIGTERM, and gives the exit status.
export async function serve(config, env = {}) {
  const gate = spawn(binary, ["serve", "--config", config], { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  gate.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const exited = new Promise((done) => gate.on("exit", (status) => done(status)));
  process.on("exit", () => gate.kill("SIGKILL"));
  const address = (role) => log.split("\n").filter((line) => line.includes('"listening"') && line.includes(`"${role}"`)).map((line) => JSON.parse(line).address)[0];
  await eventually(() => `the gate to listen: ${log}`, () => address("admin") || gate.exitCode !== null);
  assert.equal(gate.exitCode, null, log);
  const end = () => {
    gate.kill("SIGTERM");
    return exited;
  };
  return { admin: address("admin"), log: () => log, end };
}
