// A webhook receiver made of what others wrote: `standardwebhooks` verifies each delivery, and the SDK of CloudEvents parses
// and validates it. usage: node receiver.mjs MODULES; the environment's RECEIVER_SECRET verifies, without it nothing is.
// Prints lines of JSON: {"listening": PORT}, then of each delivery its headers, its body, and what the two libraries said of it.
// Answers 400 to what one of them refuses.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const require = createRequire(`${resolve(process.argv[2])}/`);
const { HTTP } = require("cloudevents");
const { Webhook } = require("standardwebhooks");
const webhook = process.env.RECEIVER_SECRET ? new Webhook(process.env.RECEIVER_SECRET) : null;

// What the libraries say; throws what they throw.
function judge(headers, body) {
  const said = {};
  if (webhook) {
    webhook.verify(body, headers);
    said.verified = true;
  }
  if (!(headers["content-type"] ?? "").startsWith("application/cloudevents")) return said;
  const parsed = HTTP.toEvent({ headers, body });
  const events = Array.isArray(parsed) ? parsed : [parsed];
  for (const event of events) event.validate();
  said.events = events.map((event) => event.toJSON());
  return said;
}

function take(request, response, body) {
  const report = { path: request.url, headers: request.headers, body };
  try {
    Object.assign(report, judge(request.headers, body));
  } catch (error) {
    report.refused = String(error);
  }
  console.log(JSON.stringify(report));
  // The words of Splunk's collector; other senders do not look at them.
  response.writeHead(report.refused ? 400 : 200, { "content-type": "application/json" });
  response.end(report.refused ? "{}" : '{"text":"Success","code":0}');
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => take(request, response, Buffer.concat(chunks).toString()));
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ listening: server.address().port })));
process.on("SIGTERM", () => process.exit(0));
