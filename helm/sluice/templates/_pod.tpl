{{/* The pod of the Deployment and of the StatefulSet. */}}

{{/* Nothing of the chart's version: a new chart alone replaces no pod. */}}
{{- define "sluice.podMetadata" -}}
labels:
  {{- $own := include "sluice.selectorLabels" . | fromYaml }}
  {{- toYaml (mergeOverwrite dict (.Values.commonLabels | default dict) (.Values.podLabels | default dict) $own) | nindent 2 }}
annotations:
  {{- $checksums := dict "checksum/restart" (include "sluice.restartChecksum" .) }}
  {{- if eq .Values.policy.reload "rollout" }}
  {{- $_ := set $checksums "checksum/policy" (include "sluice.policyText" . | sha256sum) }}
  {{- end }}
  {{- toYaml (mergeOverwrite dict (.Values.podAnnotations | default dict) $checksums) | nindent 2 }}
{{- end -}}

{{- define "sluice.probe" -}}
httpGet:
  path: {{ .path }}
  port: admin
  scheme: HTTP
{{- with .timing }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "sluice.ports" -}}
- name: {{ ternary "https" "http" (ne .Values.tls.existingSecret "") }}
  containerPort: {{ .Values.listeners.proxy.port }}
  protocol: TCP
- name: admin
  containerPort: {{ .Values.listeners.admin.port }}
  protocol: TCP
{{- with include "sluice.connectPort" . }}
- name: connect
  containerPort: {{ . }}
  protocol: TCP
{{- end }}
{{- end -}}

{{- define "sluice.mounts" -}}
- { name: config, mountPath: /etc/sluice/config, readOnly: true }
- { name: policy, mountPath: /etc/sluice/policy, readOnly: true }
{{- if include "sluice.secretSources" . | trim }}
- { name: secrets, mountPath: /run/secrets/sluice, readOnly: true }
{{- end }}
- { name: spool, mountPath: /var/lib/sluice }
- { name: tmp, mountPath: /tmp }
{{- if .Values.tls.existingSecret }}
- { name: tls, mountPath: /etc/sluice/tls, readOnly: true }
{{- end }}
{{- if or .Values.clientCA.existingSecret .Values.clientCA.existingConfigMap }}
- { name: client-ca, mountPath: /etc/sluice/client-ca, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The files of /run/secrets/sluice. 0440: the gate's group reads them, by fsGroup. */}}
{{- define "sluice.secretSources" -}}
{{- range .Values.credentials.existingSecrets }}
- secret:
    name: {{ .name | quote }}
    {{- with .items }}
    items:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- with .Values.audit.webhook }}
{{- if .url }}
- secret:
    name: {{ .existingSecret | quote }}
    items:
      - { key: {{ .secretKey | quote }}, path: webhook-secret }
{{- end }}
{{- end }}
{{- with .Values.redis }}
{{- if and .enabled .existingSecret }}
- secret:
    name: {{ .existingSecret | quote }}
    items:
      - { key: {{ .passwordKey | quote }}, path: redis-password }
{{- end }}
{{- if and .enabled .tls.enabled .tls.existingSecret }}
- secret:
    name: {{ .tls.existingSecret | quote }}
    items:
      - { key: {{ .tls.key | quote }}, path: redis-ca.crt }
{{- end }}
{{- end }}
{{- end -}}

{{/* Folders, not single files: only those change when their ConfigMap or Secret does. */}}
{{- define "sluice.volumes" -}}
- name: config
  configMap:
    name: {{ printf "%s-config" (include "sluice.fullname" .) | quote }}
- name: policy
  configMap:
    name: {{ include "sluice.policyConfigMap" . | quote }}
{{- with include "sluice.secretSources" . | trim }}
- name: secrets
  projected:
    defaultMode: 288 # 0440
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- if not (include "sluice.persistent" .) }}
- name: spool
  emptyDir:
    sizeLimit: {{ .Values.audit.spool.size | quote }}
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . | quote }}
    defaultMode: 288 # 0440
{{- end }}
{{- if .Values.clientCA.existingSecret }}
- name: client-ca
  secret:
    secretName: {{ .Values.clientCA.existingSecret | quote }}
    defaultMode: 288 # 0440
    items:
      - { key: {{ .Values.clientCA.key | quote }}, path: {{ .Values.clientCA.key | quote }} }
{{- else if .Values.clientCA.existingConfigMap }}
- name: client-ca
  configMap:
    name: {{ .Values.clientCA.existingConfigMap | quote }}
    items:
      - { key: {{ .Values.clientCA.key | quote }}, path: {{ .Values.clientCA.key | quote }} }
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "sluice.spread" -}}
{{- range .Values.topologySpreadConstraints }}
- {{ toYaml . | nindent 2 | trim }}
  {{- if not .labelSelector }}
  labelSelector:
    matchLabels:
      {{- include "sluice.selectorLabels" $ | nindent 6 }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "sluice.container" -}}
name: sluice
image: {{ include "sluice.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
  - serve
  - --config
  - /etc/sluice/config/sluice.yaml
  {{- with .Values.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  {{- include "sluice.ports" . | nindent 2 }}
startupProbe:
  {{- include "sluice.probe" (dict "path" "/healthz" "timing" .Values.probes.startup) | nindent 2 }}
livenessProbe:
  {{- include "sluice.probe" (dict "path" "/healthz" "timing" .Values.probes.liveness) | nindent 2 }}
readinessProbe:
  {{- include "sluice.probe" (dict "path" "/readyz" "timing" .Values.probes.readiness) | nindent 2 }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  {{- include "sluice.mounts" . | nindent 2 }}
{{- end -}}

{{- define "sluice.podSpec" -}}
serviceAccountName: {{ include "sluice.serviceAccountName" . | quote }}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
enableServiceLinks: false
{{- include "sluice.imagePullSecrets" . }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | default (include "sluice.graceSeconds" .) | int64 }}
containers:
  - {{ include "sluice.container" . | nindent 4 | trim }}
  {{- with .Values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
  {{- include "sluice.volumes" . | nindent 2 }}
{{- if .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- include "sluice.spread" . | trim | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- end -}}
