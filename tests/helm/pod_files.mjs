// Lays out the files of the gate's pod as the kubelet does, under a folder: each ConfigMap, Secret and projected volume behind
// the link ..data, secrets 0440, an emptyDir open to all. The configuration's paths are moved there.
import { chmodSync, existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

let generation = 0;

// Puts `files` (name -> text) in the place of what is in a volume, at once.
export function swap(path, files, mode) {
  const data = `..2026_${(generation += 1)}`;
  for (const [name, text] of Object.entries(files)) {
    const file = join(path, data, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
    const top = name.split("/")[0];
    if (!existsSync(join(path, top))) symlinkSync(join("..data", top), join(path, top));
  }
  if (Object.keys(files).length === 0) mkdirSync(join(path, data));
  symlinkSync(data, join(path, "..data_tmp"));
  renameSync(join(path, "..data_tmp"), join(path, "..data"));
}

const wantedUnder = (text, place) => [...new Set([...text.matchAll(/\/[A-Za-z0-9._/-]+/g)].map(([path]) => path).filter((path) => path.startsWith(`${place}/`)))].map((path) => path.slice(place.length + 1));

// The files that a volume has: of a ConfigMap that is rendered exactly those; of what exists already those of its items, or,
// without items, whatever the configuration reads there.
function contents(volume, mountPath, documents, given, text) {
  const rendered = volume.configMap && documents.find((d) => d.kind === "ConfigMap" && d.metadata.name === volume.configMap.name);
  if (rendered) return rendered.data;
  const sources = volume.projected ? volume.projected.sources.map((part) => part.secret) : [volume.secret ?? volume.configMap];
  const names = sources.flatMap(({ items }) => (items ? items.map((item) => item.path) : wantedUnder(text, mountPath)));
  return Object.fromEntries(names.map((name) => [name, given[name] ?? `made-up-${name}\n`]));
}

// Returns { config: path of the configuration, path(mountPath) }. `given`: the content of files that exist already, by name.
export function layOut(root, documents, pod, given = {}) {
  const mounts = pod.spec.containers[0].volumeMounts;
  const configMap = documents.find((d) => d.kind === "ConfigMap" && d.metadata.name.endsWith("-config"));
  const text = configMap.data["sluice.yaml"];
  const places = mounts.map((mount) => mount.mountPath);
  // Only what is mounted moves: a path that is in no volume stays, and is not found.
  const move = (content) => content.replace(/(?<![A-Za-z0-9:/])\/[A-Za-z0-9._/-]+/g, (path) => (places.some((place) => path.startsWith(`${place}/`)) ? root + path : path));
  for (const mount of mounts) {
    const path = root + mount.mountPath;
    mkdirSync(path, { recursive: true });
    const volume = pod.spec.volumes.find((each) => each.name === mount.name);
    if (!volume || volume.emptyDir) {
      chmodSync(path, 0o777);
      continue;
    }
    const secret = Boolean(volume.secret ?? volume.projected);
    const files = contents(volume, mount.mountPath, documents, given, text);
    const moved = Object.fromEntries(Object.entries(files).map(([name, content]) => [name, name === "sluice.yaml" ? move(content) : content]));
    swap(path, moved, secret ? 0o440 : 0o644);
  }
  const named = pod.spec.containers[0].args[pod.spec.containers[0].args.indexOf("--config") + 1];
  return { config: root + named, path: (mountPath) => root + mountPath, move };
}
