{{/* Arithmetic with the units of Kubernetes and of the gate. */}}

{{/* Milliseconds of a duration of the gate's configuration: 500ms, 9s, 5m, 1h, 7d. Usage: (dict "text" .. "place" ..) */}}
{{- define "sluice.milliseconds" -}}
{{- $text := toString .text -}}
{{- if not (regexMatch "^[0-9]+(ms|s|m|h|d)$" $text) -}}
{{- fail (printf "%s: %q is no duration: a number and ms, s, m, h or d, as in 30s" .place $text) -}}
{{- end -}}
{{- $factors := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- mul (regexFind "^[0-9]+" $text | int64) (get $factors (regexFind "[a-z]+$" $text)) -}}
{{- end -}}

{{/* Octets of a size of the gate's configuration (64KiB, 10GiB) or of a quantity of Kubernetes (2Gi, 500M). */}}
{{- define "sluice.octets" -}}
{{- $text := toString .text -}}
{{- if not (regexMatch "^[0-9]+([KMGT]i?B?|B|k)?$" $text) -}}
{{- fail (printf "%s: %q is no size: a whole number and a unit, as in 2Gi" .place $text) -}}
{{- end -}}
{{- $unit := regexFind "[A-Za-z]*$" $text | trimSuffix "B" -}}
{{- $factors := dict "" 1 "k" 1000 "K" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000
  "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mul (regexFind "^[0-9]+" $text | int64) (get $factors $unit) -}}
{{- end -}}

{{/* How many pods there are at most: the replicas, and those of a rollout beside them. */}}
{{- define "sluice.mostPods" -}}
{{- $replicas := include "sluice.replicas" . | int | max 1 -}}
{{- if or (include "sluice.persistent" .) (eq .Values.strategy.type "Recreate") -}}
{{- $replicas -}}
{{- else -}}
{{- $surge := dig "rollingUpdate" "maxSurge" "25%" .Values.strategy | toString -}}
{{- if hasSuffix "%" $surge -}}
{{- add $replicas (div (add (mul $replicas (trimSuffix "%" $surge | int)) 99) 100) -}}
{{- else -}}
{{- add $replicas (int $surge) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* How many pods serve at the same time in the long run. */}}
{{- define "sluice.replicas" -}}
{{- ternary .Values.autoscaling.maxReplicas .Values.replicaCount .Values.autoscaling.enabled | int -}}
{{- end -}}
