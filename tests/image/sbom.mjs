// Judges a CycloneDX document on stdin by the standard's own JSON schema, as npm's @cyclonedx/cyclonedx-library carries it.
// SLUICE_IMAGE_MODULES: the folder that package.json is installed in.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(`${resolve(process.env.SLUICE_IMAGE_MODULES ?? `${here}/../../build/image`)}/`);
const { Spec, Validation } = require("@cyclonedx/cyclonedx-library");

const problem = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(readFileSync(0, "utf8"));
if (problem) {
  console.error(JSON.stringify(problem, null, 2));
  process.exit(1);
}
