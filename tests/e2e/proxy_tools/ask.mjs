// A tool that knows nothing of the gate: it calls the vendor's own URL through the proxy of its environment (HTTPS_PROXY) by
// npm's https-proxy-agent, and trusts what node was told to trust (NODE_EXTRA_CA_CERTS).
// usage: node ask.mjs MODULES METHOD URL [HEADERS-AS-JSON] [BODY]. Prints one line of JSON: {status, headers, body} or {error}.
import { request } from "node:https";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, method, url, headers = "{}", body = ""] = process.argv.slice(2);
const { HttpsProxyAgent } = createRequire(`${resolve(modules)}/`)("https-proxy-agent");

const say = (what) => console.log(JSON.stringify(what));
const options = { method, headers: JSON.parse(headers), agent: new HttpsProxyAgent(process.env.HTTPS_PROXY) };
const call = request(url, options, (answer) => {
  let text = "";
  answer.setEncoding("utf8");
  answer.on("data", (piece) => (text += piece));
  answer.on("end", () => say({ status: answer.statusCode, headers: answer.headers, body: text }));
});
call.on("error", (error) => say({ error: error.message }));
call.end(body);
