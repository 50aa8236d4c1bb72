{{/* Names and labels. */}}

{{- define "sluice.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimAll "-." -}}
{{- end -}}

{{/* At most 50 octets: a StatefulSet adds a hash to it in a label of at most 63, and the longest suffix here has 10. Without dots,
     which a release's name may have and a Service's may not. */}}
{{- define "sluice.fullname" -}}
{{- $name := .Values.fullnameOverride -}}
{{- if not $name -}}
{{- $name = ternary .Release.Name (printf "%s-%s" .Release.Name (include "sluice.name" .)) (contains (include "sluice.name" .) .Release.Name) -}}
{{- end -}}
{{- $name | replace "." "-" | trunc 50 | trimAll "-" -}}
{{- end -}}

{{- define "sluice.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "sluice.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* What selects the gate's pods, and nothing else of the release. */}}
{{- define "sluice.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sluice.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: gate
{{- end -}}

{{- define "sluice.testLabels" -}}
app.kubernetes.io/name: {{ include "sluice.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: test
{{- end -}}

{{/* Of every object but pods. Usage: (dict "root" $ "component" "gate" "labels" (dict ..)) */}}
{{- define "sluice.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/name" (include "sluice.name" .root)
  "app.kubernetes.io/instance" .root.Release.Name
  "app.kubernetes.io/component" .component
  "app.kubernetes.io/version" (.root.Values.image.tag | default .root.Chart.AppVersion | replace "+" "_" | trunc 63 | trimAll "-._")
  "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- toYaml (mergeOverwrite dict (.root.Values.commonLabels | default dict) (.labels | default dict) $own) -}}
{{- end -}}

{{/* name, namespace and labels of an object. Usage: (dict "root" $ "component" "gate" "suffix" "-metrics" "labels" .. "annotations" ..) */}}
{{- define "sluice.metadata" -}}
name: {{ printf "%s%s" (include "sluice.fullname" .root) (.suffix | default "") | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- include "sluice.labels" . | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "sluice.image" -}}
{{- $registry := (.Values.global | default dict).imageRegistry | default .Values.image.registry -}}
{{- $name := ternary (printf "%s/%s" $registry .Values.image.repository) .Values.image.repository (ne $registry "") -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $name .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "sluice.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat ((.Values.global | default dict).imagePullSecrets | default list) (.Values.imagePullSecrets | default list) -}}
{{- $names = append $names (kindIs "map" . | ternary (get (kindIs "map" . | ternary . dict) "name") .) -}}
{{- end -}}
{{- with $names | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "sluice.persistent" -}}
{{- if eq .Values.audit.spool.type "persistent" -}}true{{- end -}}
{{- end -}}

{{/* Prometheus' job: the alerts go by a name that holds sluice. */}}
{{- define "sluice.job" -}}
{{- $name := include "sluice.fullname" . -}}
{{- ternary $name (printf "sluice-%s" $name) (contains "sluice" $name) -}}
{{- end -}}

{{/* The ConfigMap of the policy. */}}
{{- define "sluice.policyConfigMap" -}}
{{- .Values.policy.existingConfigMap | default (printf "%s-policy" (include "sluice.fullname" .)) -}}
{{- end -}}

{{- define "sluice.policyText" -}}
{{- if kindIs "string" .Values.policy.inline -}}
{{- .Values.policy.inline -}}
{{- else -}}
{{- toYaml .Values.policy.inline -}}
{{- end -}}
{{- end -}}
