// OpenTelemetry's own definition of an export request, of npm's `@opentelemetry/otlp-transformer`, judges what the gate sends.
// usage: node otlp_judge.mjs MODULES; a JSON text on stdin, one line on stdout: {"wrong": null or what is wrong, "spans": count}
import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const require = createRequire(`${resolve(process.argv[2])}/`);
const transformer = dirname(require.resolve("@opentelemetry/otlp-transformer/package.json"));
const root = require(join(transformer, "build/src/generated/root.js"));
const Request = root.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

const sent = JSON.parse(readFileSync(0, "utf8"));
let wrong = null;
// Through protobuf's octets and back: a field that is unknown or of another type does not come back. Ids in hexadecimal are also
// base64, of other octets, and come back as they were.
const message = Request.decode(Request.encode(Request.fromObject(sent)).finish());
const back = JSON.parse(JSON.stringify(Request.toObject(message, { longs: String, bytes: String, enums: Number })));
if (!isDeepStrictEqual(back, sent)) wrong = `it comes back as ${JSON.stringify(back)}`;
const spans = message.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((scope) => scope.spans)).length;
console.log(JSON.stringify({ wrong, spans }));
