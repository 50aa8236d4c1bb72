{{/* The gate's configuration: what the values derive, then `config`, which wins. */}}

{{- define "sluice.listener" -}}
{{- $host := ternary "[::]" .address (eq .address "::") -}}
{{- printf "%s:%d" $host (int .port) -}}
{{- end -}}

{{- define "sluice.listen" -}}
address: {{ include "sluice.listener" (dict "address" .Values.listeners.address "port" .Values.listeners.proxy.port) | quote }}
{{- if .Values.tls.existingSecret }}
tls:
  certificate: /etc/sluice/tls/tls.crt
  private_key: /etc/sluice/tls/tls.key
  {{- if or .Values.clientCA.existingSecret .Values.clientCA.existingConfigMap }}
  client_ca: /etc/sluice/client-ca/{{ .Values.clientCA.key }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "sluice.redisUrl" -}}
{{- $user := ternary (printf "%s@" .username) "" (ne .username "") -}}
{{- $host := ternary (printf "[%s]" .host) .host (contains ":" .host) -}}
{{- printf "%s://%s%s:%d/%d" (ternary "rediss" "redis" .tls.enabled) $user $host (int .port) (int .database) -}}
{{- end -}}

{{/* The store of the shared limits, as redis derives it, or empty. */}}
{{- define "sluice.derivedStore" -}}
{{- with .Values.redis }}
{{- if .enabled }}
redis: {{ include "sluice.redisUrl" . | quote }}
{{- if .existingSecret }}
password: { file: /run/secrets/sluice/redis-password }
{{- end }}
{{- if and .tls.enabled .tls.existingSecret }}
ca: /run/secrets/sluice/redis-ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Three quarters of the volume, in MiB: the rest is for SQLite's log and its free pages. */}}
{{- define "sluice.spoolCap" -}}
{{- $octets := include "sluice.octets" (dict "text" .Values.audit.spool.size "place" "audit.spool.size") | int64 -}}
{{- printf "%dMiB" (div (div (mul $octets 3) 4) 1048576) -}}
{{- end -}}

{{- define "sluice.derivedConfig" -}}
version: 1
drain:
  delay: {{ .Values.drain.delaySeconds }}s
  timeout: {{ .Values.drain.timeoutSeconds }}s
apis:
  push:
    catalogue: push
    upstream: https://api.pushsecurity.com
    credential:
      full: { file: /run/secrets/sluice/push-full }
audit:
  spool: /var/lib/sluice/audit.db
  retain:
    size: {{ include "sluice.spoolCap" . }}
{{- if .Values.audit.webhook.url }}
  webhooks:
    - name: webhook
      url: {{ .Values.audit.webhook.url | quote }}
      secret: { file: /run/secrets/sluice/webhook-secret }
{{- end }}
{{- end -}}

{{/* An API's limit for one of several pods that share nothing. Usage: (dict "name" .. "api" .. "pods" n); gives the map. */}}
{{- define "sluice.limitPart" -}}
{{- $known := dict "push" (dict "rate" 10 "burst" 10) "securenvoy" (dict "rate" 10 "burst" 10) -}}
{{- $whole := mergeOverwrite (deepCopy (get $known (toString .api.catalogue) | default dict)) (.api.limit | default dict) -}}
{{- range $key := list "rate" "burst" -}}
{{- if not (hasKey $whole $key) -}}
{{- fail (printf "config.apis.%s.limit.%s is not given, and %d pods without redis would each spend the whole limit: set redis.enabled, replicaCount=1, or config.apis.%s.limit, of which each pod then gets its part" $.name $key $.pods $.name) -}}
{{- end -}}
{{- end -}}
{{- $part := dict -}}
{{- range $key, $value := $whole -}}
{{- $_ := set $part $key (divf (floor (divf (mulf (float64 $value) 1000.0) (float64 $.pods))) 1000.0) -}}
{{- end -}}
{{- if or (lt $part.burst 1.0) (le $part.rate 0.0) -}}
{{- fail (printf "config.apis.%s.limit (rate %v, burst %v) has no part for each of %d pods: set redis.enabled, so that they share it, or have fewer pods" .name $whole.rate $whole.burst .pods) -}}
{{- end -}}
{{- toYaml $part -}}
{{- end -}}

{{/* The whole configuration as YAML. */}}
{{- define "sluice.config" -}}
{{- $given := deepCopy .Values.config -}}
{{- $config := include "sluice.derivedConfig" . | fromYaml -}}
{{- if hasKey $given "apis" }}{{ $_ := unset $config "apis" }}{{ end -}}
{{- $webhooks := dig "audit" "webhooks" list $given -}}
{{- range (dig "audit" "webhooks" list $config) -}}
{{- $name := .name -}}
{{- $same := false -}}
{{- range $webhooks }}{{ if eq (toString .name) $name }}{{ $same = true }}{{ end }}{{ end -}}
{{- if not $same }}{{ $webhooks = prepend $webhooks . }}{{ end -}}
{{- end -}}
{{- $config = mergeOverwrite $config $given -}}
{{- if $webhooks }}{{ $_ := set $config.audit "webhooks" $webhooks }}{{ end -}}
{{- $store := include "sluice.derivedStore" . | fromYaml -}}
{{- $store = mergeOverwrite $store (dig "rate_limit_store" dict $given) -}}
{{- $pods := include "sluice.mostPods" . | int -}}
{{- if $store -}}
{{- if not (hasKey $store "replicas") }}{{ $_ := set $store "replicas" $pods }}{{ end -}}
{{- $_ := set $config "rate_limit_store" $store -}}
{{- else if gt (include "sluice.replicas" . | int) 1 -}}
{{- range $name, $api := $config.apis -}}
{{- $_ := set $api "limit" (include "sluice.limitPart" (dict "name" $name "api" $api "pods" $pods) | fromYaml) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $config "listen" (list (include "sluice.listen" . | fromYaml)) -}}
{{- $admin := dict "address" (include "sluice.listener" (dict "address" .Values.listeners.address "port" .Values.listeners.admin.port)) -}}
{{- if .Values.listeners.admin.hosts }}{{ $_ := set $admin "hosts" .Values.listeners.admin.hosts }}{{ end -}}
{{- $_ := set $config "admin" $admin -}}
{{- $_ := set $config "policy" (printf "/etc/sluice/policy/%s" .Values.policy.key) -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The port of config.connect.address, or empty. */}}
{{- define "sluice.connectPort" -}}
{{- $address := dig "connect" "address" "" .Values.config -}}
{{- regexFind "[0-9]+$" (toString $address) -}}
{{- end -}}

{{/* SHA-256 of what a running gate cannot take up; pods are replaced when it changes. Of the data, not of a file with the chart's version in it. */}}
{{- define "sluice.restartChecksum" -}}
{{- $config := include "sluice.config" . | fromYaml -}}
{{- list $config.admin.address (dig "workers" 1 $config) (dig "rate_limit_store" dict $config) $config.audit.spool
  (dig "durability" "" $config.audit) (dig "checkpoint_key" dict $config.audit) | toJson | sha256sum -}}
{{- end -}}

{{/* Seconds from SIGTERM to the end: the drain, 5 s for webhooks, 10 s for the spool and the rest. */}}
{{- define "sluice.graceSeconds" -}}
{{- $drain := (include "sluice.config" . | fromYaml).drain -}}
{{- $delay := include "sluice.milliseconds" (dict "text" (dig "delay" "0s" $drain) "place" "config.drain.delay") -}}
{{- $timeout := include "sluice.milliseconds" (dict "text" (dig "timeout" "30s" $drain) "place" "config.drain.timeout") -}}
{{- add (div (add $delay $timeout 999) 1000) 15 -}}
{{- end -}}
