// An issuer of tokens made of what others wrote: npm's `jose` makes keys and JWTs, and says of each token whether it would
// take it. usage: node issuer.mjs MODULES; a JSON object a line on stdin, one answer a line on stdout:
//   {"op":"key","name","alg","bits"?,"curve"?}           -> {"jwk": the public one, with kid NAME}
//   {"op":"sign","key","header","claims"}                -> {"token"}, by jose
//   {"op":"raw","key","text","how"}                      -> {"signature"}: of any text; how: RS256, RS384, PS256, ES256, DER
//   {"op":"judge","token","jwks","options"}              -> {"taken": bool, "why"}
import { createRequire } from "node:module";
import { constants, sign as signOctets } from "node:crypto";
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(`${resolve(process.argv[2])}/`);
const jose = await import(pathToFileURL(require.resolve("jose")));
const keys = new Map();

const operations = {
  async key({ name, alg, bits, curve }) {
    const pair = await jose.generateKeyPair(alg, { extractable: true, modulusLength: bits, crv: curve }).catch(async () => {
      const { generateKeyPairSync } = await import("node:crypto"); // jose makes no weak keys
      return generateKeyPairSync("rsa", { modulusLength: bits });
    });
    keys.set(name, pair);
    return { jwk: { ...(await jose.exportJWK(pair.publicKey)), kid: name, alg, use: "sig" } };
  },
  async sign({ key, header, claims }) {
    return { token: await new jose.SignJWT(claims).setProtectedHeader(header).sign(keys.get(key).privateKey) };
  },
  async raw({ key, text, how }) {
    const { KeyObject } = await import("node:crypto");
    const { privateKey } = keys.get(key);
    const secret = privateKey instanceof KeyObject ? privateKey : KeyObject.from(privateKey);
    const options = {
      RS256: ["sha256", { key: secret }],
      RS384: ["sha384", { key: secret }],
      PS256: ["sha256", { key: secret, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
      ES256: ["sha256", { key: secret, dsaEncoding: "ieee-p1363" }],
      DER: ["sha256", { key: secret, dsaEncoding: "der" }],
    }[how];
    return { signature: signOctets(options[0], Buffer.from(text), options[1]).toString("base64url") };
  },
  async judge({ token, jwks, options }) {
    try {
      await jose.jwtVerify(token, jose.createLocalJWKSet(jwks), options);
      return { taken: true };
    } catch (error) {
      return { taken: false, why: `${error.code}: ${error.message}` };
    }
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  console.log(JSON.stringify(await operations[request.op](request)));
}
