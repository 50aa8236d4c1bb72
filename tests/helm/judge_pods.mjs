// Pods: Pod Security "restricted", volumes and mounts, and that what they refer to is there.

const everyContainer = (spec) => [...(spec.initContainers ?? []), ...spec.containers];

// https://kubernetes.io/docs/concepts/security/pod-security-standards/, restricted; and a root that cannot be written.
function judgeSecurity({ id, spec }) {
  const problems = [];
  const pod = spec.securityContext ?? {};
  for (const container of everyContainer(spec)) {
    const own = container.securityContext ?? {};
    const want = (holds, what) => holds || problems.push(`${id}/${container.name}: ${what}`);
    want(own.allowPrivilegeEscalation === false, "allowPrivilegeEscalation is not false");
    want(own.capabilities?.drop?.includes("ALL"), "capabilities.drop has no ALL");
    want((own.capabilities?.add ?? []).every((name) => name === "NET_BIND_SERVICE"), "capabilities.add");
    want((own.runAsNonRoot ?? pod.runAsNonRoot) === true, "runAsNonRoot is not true");
    want((own.runAsUser ?? pod.runAsUser) !== 0, "runAsUser is 0");
    want(["RuntimeDefault", "Localhost"].includes((own.seccompProfile ?? pod.seccompProfile)?.type), "no seccompProfile");
    want(own.readOnlyRootFilesystem === true, "readOnlyRootFilesystem is not true");
    want(own.privileged !== true, "privileged");
    want((container.ports ?? []).every((port) => !port.hostPort), "hostPort");
    want((own.procMount ?? "Default") === "Default", "procMount");
  }
  for (const host of ["hostNetwork", "hostPID", "hostIPC"]) if (spec[host]) problems.push(`${id}: ${host}`);
  const allowed = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
  for (const volume of spec.volumes ?? [])
    if (!Object.keys(volume).every((key) => key === "name" || allowed.includes(key))) problems.push(`${id}: volume ${volume.name} is of a kind that restricted forbids`);
  if (spec.enableServiceLinks !== false) problems.push(`${id}: enableServiceLinks`);
  return problems;
}

function judgeMounts({ id, owner, spec }) {
  const problems = [];
  const claims = owner.spec.volumeClaimTemplates ?? [];
  const volumes = [...(spec.volumes ?? []).map((volume) => volume.name), ...claims.map((claim) => claim.metadata.name)];
  if (new Set(volumes).size !== volumes.length) problems.push(`${id}: a volume twice: ${volumes}`);
  const mounted = everyContainer(spec).flatMap((container) => container.volumeMounts ?? []);
  for (const mount of mounted) {
    if (!volumes.includes(mount.name)) problems.push(`${id}: mounts ${mount.name}, which is no volume`);
    if (mount.subPath || mount.subPathExpr) problems.push(`${id}: mounts ${mount.name} by subPath, where nothing ever changes`);
  }
  for (const name of volumes) if (!mounted.some((mount) => mount.name === name)) problems.push(`${id}: the volume ${name} is mounted nowhere`);
  const paths = (spec.containers[0].volumeMounts ?? []).map((mount) => mount.mountPath);
  if (new Set(paths).size !== paths.length) problems.push(`${id}: two volumes at one place: ${paths}`);
  // Kubernetes cannot make a folder in a read-only volume.
  for (const a of paths) for (const b of paths) if (a !== b && b.startsWith(`${a}/`)) problems.push(`${id}: ${b} is inside of the volume ${a}`);
  return problems;
}

function judgePorts({ id, spec }) {
  const problems = [];
  for (const container of everyContainer(spec)) {
    const ports = (container.ports ?? []).map((port) => port.name);
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"])
      if (container[probe] && !ports.includes(container[probe].httpGet.port)) problems.push(`${id}/${container.name}: ${probe} asks the port ${container[probe].httpGet.port}`);
    for (const port of container.ports ?? []) if (port.containerPort < 1024) problems.push(`${id}/${container.name}: port ${port.containerPort} wants a capability`);
  }
  return problems;
}

// [kind, name, keys] of everything that the pod takes from ConfigMaps and Secrets.
function references(spec) {
  const found = [];
  for (const volume of spec.volumes ?? []) {
    const keys = (items) => items?.map((item) => item.key);
    if (volume.configMap) found.push(["ConfigMap", volume.configMap.name, keys(volume.configMap.items)]);
    if (volume.secret) found.push(["Secret", volume.secret.secretName, keys(volume.secret.items)]);
    for (const part of volume.projected?.sources ?? []) {
      if (part.secret) found.push(["Secret", part.secret.name, keys(part.secret.items)]);
      if (part.configMap) found.push(["ConfigMap", part.configMap.name, keys(part.configMap.items)]);
    }
  }
  for (const container of everyContainer(spec)) {
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef) found.push(["Secret", valueFrom.secretKeyRef.name]);
      if (valueFrom?.configMapKeyRef) found.push(["ConfigMap", valueFrom.configMapKeyRef.name]);
    }
    for (const from of container.envFrom ?? []) found.push(from.secretRef ? ["Secret", from.secretRef.name] : ["ConfigMap", from.configMapRef.name]);
  }
  for (const { name } of spec.imagePullSecrets ?? []) found.push(["Secret", name]);
  return found;
}

function judgeReferences(documents, { id, spec }, named) {
  const problems = [];
  for (const [kind, name, keys] of references(spec)) {
    const made = documents.find((d) => d.kind === kind && d.metadata.name === name);
    if (!made && !named.has(name)) problems.push(`${id}: the ${kind} ${name} is neither made nor named in the values`);
    for (const key of keys ?? []) if (made ? !(key in made.data) : !named.has(key)) problems.push(`${id}: the key ${key} of the ${kind} ${name} is neither there nor named in the values`);
  }
  // Secrets are the group's to read, by fsGroup, and nobody else's.
  for (const volume of spec.volumes ?? []) {
    const source = volume.secret ?? (volume.projected?.sources.some((part) => part.secret) && volume.projected);
    if (source && source.defaultMode !== 0o440) problems.push(`${id}: the volume ${volume.name} has the mode ${source.defaultMode}, not ${0o440} (0440)`);
  }
  return problems;
}

export function judgePods(documents, pods, named) {
  return pods.flatMap((pod) => [...judgeSecurity(pod), ...judgeMounts(pod), ...judgePorts(pod), ...judgeReferences(documents, pod, named)]);
}
