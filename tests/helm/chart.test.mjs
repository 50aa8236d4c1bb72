// The chart: rendered by both Helms, judged without a cluster. SLUICE_HELM=build/helm SLUICE_BINARY=build/release/sluice node --test chart.test.mjs
import { after } from "node:test";
import { counts } from "./helm.mjs";
import "./parts/renders.mjs";
import "./parts/values.mjs";
import "./parts/guards.mjs";
import "./parts/odd.mjs";
import "./parts/schema.mjs";
import "./parts/network.mjs";
import "./parts/files.mjs";
import "./parts/running.mjs";
import "./parts/idle.mjs";
import "./parts/faults.mjs";

after(() => console.log(`${counts.renders} renderings, ${counts.manifests} manifests, ${counts.assertions} assertions, ${counts.faults} injected faults`));
