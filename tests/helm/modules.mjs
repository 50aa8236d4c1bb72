// The npm packages of package.json. SLUICE_HELM: the folder that they and both Helms are installed in.
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));
export const source = resolve(here, "../..");
export const installed = resolve(process.env.SLUICE_HELM ?? join(source, "build/helm"));

const require = createRequire(`${installed}/`);

export const load = (name) => import(pathToFileURL(require.resolve(name)));
// A file of a package: past its "exports", which here speak of `import` alone or do not name it.
export const loadFile = (path) => import(pathToFileURL(join(installed, "node_modules", path)));
