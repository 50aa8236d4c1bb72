// The real gate, started with what the chart renders, its files laid out as the kubelet does.
import { test } from "node:test";
import { assert, find, folder, renderDefault } from "../helm.mjs";
import { podsOf } from "../judge.mjs";
import { layOut, swap } from "../pod_files.mjs";
import { POLICY, eventually, runSluice, serve } from "../gate.mjs";

const OTHER = POLICY.replace("access: read", "access: write");

async function ask(gate, path) {
  const response = await fetch(`http://${gate.admin}${path}`);
  return { status: response.status, text: await response.text() };
}

test("the gate runs with the required values, becomes ready, takes a policy up when ..data turns, and drains", { timeout: 240_000 }, async () => {
  const documents = renderDefault("--set", "drain.delaySeconds=0", "--set", "drain.timeoutSeconds=5");
  // Free ports instead of the pod's.
  const configMap = find(documents, "ConfigMap", "-config");
  configMap.data["sluice.yaml"] = configMap.data["sluice.yaml"].replace("0.0.0.0:8080", "127.0.0.1:0").replace("0.0.0.0:9090", "127.0.0.1:0");
  const files = layOut(folder(), documents, podsOf(documents).find((pod) => pod.owner.kind !== "Pod"));
  const gate = await serve(files.config);
  try {
    await eventually(() => `the gate to be ready: ${gate.log()}`, async () => (await ask(gate, "/readyz")).status === 200);
    assert.equal(runSluice(["ready", "--admin", gate.admin]).status, 0);
    const policyOf = async () => JSON.parse((await ask(gate, "/status")).text).policy.sha256;
    const before = await policyOf();

    swap(files.path("/etc/sluice/policy"), { "policy.yaml": OTHER }, 0o644);
    await eventually("the new policy", async () => (await policyOf()) !== before);
    const after = await policyOf();

    swap(files.path("/etc/sluice/policy"), { "policy.yaml": "version: 1\nrules: [ nonsense\n" }, 0o644);
    await eventually("the rejection", async () => (await ask(gate, "/metrics")).text.includes("sluice_config_last_reload_success 0"));
    assert.equal(await policyOf(), after);
    assert.equal((await ask(gate, "/readyz")).status, 200);
  } finally {
    assert.equal(await gate.end(), 0);
  }
});
