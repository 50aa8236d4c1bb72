// The dashboard before a gate that is made up, to try a change of it: files are read anew for each request.
// usage: node tests/e2e/dashboard/fixture.mjs [PORT]     then open http://127.0.0.1:9902/
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { denial, history, status } from "./made_up.mjs";

const FILES = fileURLToPath(new URL("../../../proxy/admin/dashboard/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml" };
// As the gate's own.
const HEADERS = {
  "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
};
const started = Date.now() - 7_300_000;
const kept = Array.from({ length: 60 }, (_, i) => denial(i, Date.now() - (60 - i) * 43_000));

function stream(response) {
  response.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream" });
  const say = (event, what, id) => response.write(`event: ${event}\n${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(what)}\n\n`);
  response.write("retry: 2000\n\n");
  kept.forEach((entry) => say("denial", entry, entry.id));
  const tell = () => say("status", status(Date.now(), started));
  tell();
  const each = setInterval(tell, 1000);
  let number = kept.length;
  const deny = setInterval(() => say("denial", denial(number, Date.now()), String(number++)), 9000);
  response.on("close", () => [each, deny].forEach(clearInterval));
}

async function answer(request, response) {
  const url = new URL(request.url, "http://gate");
  const json = (what) => response.writeHead(200, { ...HEADERS, "Content-Type": "application/json" }).end(JSON.stringify(what));
  if (url.pathname === "/events") return stream(response);
  if (url.pathname === "/status") return json({ ...status(Date.now(), started), latest_denials: [...kept].reverse() });
  if (url.pathname === "/history") return json(history(Date.now(), 8640, Date.parse(url.searchParams.get("since") ?? "") || 0));
  const name = url.pathname === "/" ? "index.html" : basename(url.pathname);
  try {
    const file = await readFile(join(FILES, name));
    response.writeHead(200, { ...HEADERS, "Content-Type": TYPES[extname(name)] }).end(file);
  } catch {
    response.writeHead(404, HEADERS).end();
  }
}

const server = createServer((request, response) => answer(request, response).catch((error) => response.destroy(error)));
server.listen(Number(process.argv[2] ?? 9902), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
