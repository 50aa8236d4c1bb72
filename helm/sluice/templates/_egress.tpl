{{/* Where the gate has to get, from what its configuration names. NetworkPolicy knows no host names. */}}

{{/* Of a URL: { port, kind, cidr }. kind: cluster (a Service), address (an IP address), public, or none (this pod, or metadata). */}}
{{- define "sluice.urlTarget" -}}
{{- $known := regexMatch "^(https?|rediss?)://[^${}]+$" . -}}
{{- $host := "" -}}
{{- $port := ternary "80" "443" (hasPrefix "http:" .) -}}
{{- if hasPrefix "redis" . }}{{ $port = "6379" }}{{ end -}}
{{- if $known -}}
{{- $authority := regexReplaceAll "^[a-z]+://([^/?#]*@)?([^/?#]*).*$" . "${2}" -}}
{{- $given := regexFind ":[0-9]+$" $authority | trimPrefix ":" -}}
{{- if $given }}{{ $port = $given }}{{ end -}}
{{- $host = regexReplaceAll ":[0-9]+$" $authority "" | trimPrefix "[" | trimSuffix "]" | lower -}}
{{- end -}}
port: {{ $port }}
host: {{ $host | quote }}
{{- if or (not $known) (eq $host "") }}
kind: public
{{- else if or (eq $host "localhost") (hasPrefix "127." $host) (eq $host "::1") (hasPrefix "169.254." $host) (hasPrefix "fe80:" $host) }}
kind: none
{{- else if contains ":" $host }}
kind: address
cidr: {{ printf "%s/128" $host | quote }}
{{- else if regexMatch "^([0-9]{1,3}[.]){3}[0-9]{1,3}$" $host }}
kind: address
cidr: {{ printf "%s/32" $host | quote }}
{{- else if or (not (contains "." $host)) (hasSuffix ".svc" $host) (contains ".svc." $host) }}
kind: cluster
{{- else }}
kind: public
{{- end }}
{{- end -}}

{{/* Places that the configuration names, other than Redis: { webhooks: [..], others: [..] } of targets. Vendors are among the
     others where they are in the cluster, or at an address. */}}
{{- define "sluice.targets" -}}
{{- $config := include "sluice.config" . | fromYaml -}}
{{- $webhooks := list -}}
{{- range (dig "audit" "webhooks" list $config) -}}
{{- $webhooks = append $webhooks (include "sluice.urlTarget" (toString .url) | fromYaml) -}}
{{- end -}}
{{- $urls := list (dig "vault" "address" "" $config) (dig "tracing" "otlp" "" $config) -}}
{{- range (dig "identity" "jwt" list $config) }}{{ $urls = append $urls (dig "jwks" "url" "" .) }}{{ end -}}
{{- $others := list -}}
{{- range (compact $urls) }}{{ $others = append $others (include "sluice.urlTarget" . | fromYaml) }}{{ end -}}
{{- range $name, $api := $config.apis -}}
{{- $target := include "sluice.urlTarget" (toString $api.upstream) | fromYaml -}}
{{- if has $target.kind (list "cluster" "address") }}{{ $others = append $others $target }}{{ end -}}
{{- end -}}
{{- toYaml (dict "webhooks" $webhooks "others" $others) -}}
{{- end -}}

{{/* Peers that may call: networkPolicy.ingress.from, and whom a load balancer lets in. */}}
{{- define "sluice.callers" -}}
{{- $from := .Values.networkPolicy.ingress.from -}}
{{- if eq .Values.service.type "LoadBalancer" -}}
{{- range .Values.service.loadBalancerSourceRanges }}{{ $from = append $from (dict "ipBlock" (dict "cidr" .)) }}{{ end -}}
{{- end -}}
{{- toYaml $from -}}
{{- end -}}

{{/* Peers: the vendors' networks, or everywhere but what is not the internet. */}}
{{- define "sluice.internetPeers" -}}
{{- $except := .Values.networkPolicy.upstreams.except -}}
{{- range (.Values.networkPolicy.upstreams.cidrs | default (list "0.0.0.0/0" "::/0")) }}
{{- $cidr := . }}
- ipBlock:
    cidr: {{ $cidr | quote }}
    {{- if has $cidr (list "0.0.0.0/0" "::/0") }}
    {{- $own := list }}
    {{- range $except }}{{ if eq (contains ":" .) (contains ":" $cidr) }}{{ $own = append $own . }}{{ end }}{{ end }}
    {{- with $own }}
    except:
      {{- range . }}
      - {{ . | quote }}
      {{- end }}
    {{- end }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* Ports of the internet: networkPolicy.upstreams.ports, those of the vendors' URLs, and, where the vendors' networks are not
     narrowed, those of what else the configuration names there. As JSON. */}}
{{- define "sluice.upstreamPorts" -}}
{{- $config := include "sluice.config" . | fromYaml -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.upstreams.ports }}{{ $ports = append $ports (int .) }}{{ end -}}
{{- range $name, $api := $config.apis -}}
{{- $target := include "sluice.urlTarget" (toString $api.upstream) | fromYaml -}}
{{- if eq $target.kind "public" }}{{ $ports = append $ports (int $target.port) }}{{ end -}}
{{- end -}}
{{- if not .Values.networkPolicy.upstreams.cidrs -}}
{{- $targets := include "sluice.targets" . | fromYaml -}}
{{- range (ternary $targets.others (concat $targets.webhooks $targets.others) (not (empty .Values.networkPolicy.webhook.to))) -}}
{{- if eq .kind "public" }}{{ $ports = append $ports (int .port) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}

{{- define "sluice.tcpPorts" -}}
{{- range . }}
- { port: {{ . }}, protocol: TCP }
{{- end }}
{{- end -}}

{{/* A rule to each of the targets that are in the cluster or have an address; the internet has its rule. */}}
{{- define "sluice.targetRules" -}}
{{- $seen := list -}}
{{- range . }}
{{- $rule := printf "%s %v %s" .kind .port (.cidr | default "") }}
{{- if and (has .kind (list "cluster" "address")) (not (has $rule $seen)) }}
{{- $seen = append $seen $rule }}
- ports:
    - { port: {{ .port }}, protocol: TCP }
  to:
    {{- if eq .kind "cluster" }}
    - namespaceSelector: {}
    {{- else }}
    - ipBlock: { cidr: {{ .cidr | quote }} }
    {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "sluice.dnsRule" -}}
{{- with .Values.networkPolicy.dns -}}
- ports:
    - { port: {{ .port }}, protocol: UDP }
    - { port: {{ .port }}, protocol: TCP }
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "sluice.redisRule" -}}
{{- $url := dig "rate_limit_store" "redis" "" (include "sluice.config" . | fromYaml) -}}
{{- $target := include "sluice.urlTarget" $url | fromYaml }}
{{- if and $url (or .Values.networkPolicy.redis.to (ne $target.kind "none")) }}
- ports:
    - { port: {{ .Values.networkPolicy.redis.port | default (eq $target.host "" | ternary 6379 $target.port) }}, protocol: TCP }
  to:
    {{- if .Values.networkPolicy.redis.to }}
    {{- toYaml .Values.networkPolicy.redis.to | nindent 4 }}
    {{- else if eq $target.kind "address" }}
    - ipBlock: { cidr: {{ $target.cidr | quote }} }
    {{- else }}
    - namespaceSelector: {}
    {{- end }}
{{- end }}
{{- end -}}

{{- define "sluice.webhookRules" -}}
{{- $targets := (include "sluice.targets" . | fromYaml).webhooks -}}
{{- $given := .Values.networkPolicy.webhook -}}
{{- if and $targets $given.to }}
{{- $ports := $given.ports }}
{{- if not $ports }}{{ range $targets }}{{ $ports = append $ports (int .port) }}{{ end }}{{ end }}
- ports:
    {{- include "sluice.tcpPorts" ($ports | uniq) | trim | nindent 4 }}
  to:
    {{- toYaml $given.to | nindent 4 }}
{{- else }}
{{- include "sluice.targetRules" $targets }}
{{- end }}
{{- end -}}
