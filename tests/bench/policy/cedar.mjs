// The same rules and requests, decided by Cedar's own engine. usage: node cedar.mjs FOLDER; prints nanoseconds by request as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const folder = process.argv[2];
const cedar = createRequire(`${folder}/`)("@cedar-policy/cedar-wasm/nodejs");
const parsed = cedar.preparsePolicySet("bench", { staticPolicies: readFileSync(`${folder}/policies.cedar`, "utf8") });
if (parsed.type !== "success") throw new Error(JSON.stringify(parsed));

const decide = ({ action, context }) =>
  cedar.statefulIsAuthorized({
    principal: { type: "Client", id: "c0" },
    action: { type: "Action", id: action },
    resource: { type: "Api", id: "vendor" },
    context,
    preparsedPolicySetId: "bench",
    entities: [],
  });

const results = {};
for (const [name, request] of Object.entries(JSON.parse(readFileSync(`${folder}/requests.json`, "utf8")))) {
  const answer = decide(request);
  if (answer.type !== "success" || answer.response.decision !== "allow") throw new Error(`${name}: ${JSON.stringify(answer)}`);
  let times = 0;
  const started = process.hrtime.bigint();
  while (process.hrtime.bigint() - started < 1_000_000_000n) {
    decide(request);
    times += 1;
  }
  results[name] = Number(process.hrtime.bigint() - started) / times;
}
console.log(JSON.stringify(results));
