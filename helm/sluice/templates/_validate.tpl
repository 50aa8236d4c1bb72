{{/* What cannot work fails here, with the remedy. */}}

{{- define "sluice.validatePolicy" -}}
{{- $policy := .Values.policy -}}
{{- if and (not $policy.inline) (not $policy.existingConfigMap) -}}
{{- fail "no policy: set policy.inline (--set-file policy.inline=policy.yaml), or policy.existingConfigMap" -}}
{{- end -}}
{{- if and $policy.inline $policy.existingConfigMap -}}
{{- fail "two policies: policy.inline and policy.existingConfigMap are both set, take one of them out" -}}
{{- end -}}
{{- if and (eq $policy.reload "rollout") $policy.existingConfigMap -}}
{{- fail "policy.reload=rollout cannot see a change of policy.existingConfigMap: set policy.reload=hot, or policy.inline, or let another controller restart the pods (annotations)" -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateNames" -}}
{{- $name := include "sluice.fullname" . -}}
{{- if not (regexMatch "^[a-z]" $name) -}}
{{- fail (printf "the Services would be called %s, and a Service's name begins with a letter: set fullnameOverride" $name) -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateVolumes" -}}
{{- $own := list "config" "policy" "secrets" "spool" "tmp" "tls" "client-ca" -}}
{{- range .Values.extraVolumes -}}
{{- if has .name $own -}}
{{- fail (printf "extraVolumes has %s, which the chart has itself: give it another name" .name) -}}
{{- end -}}
{{- end -}}
{{- $places := list "/etc/sluice/config" "/etc/sluice/policy" "/etc/sluice/tls" "/etc/sluice/client-ca" "/run/secrets/sluice" "/var/lib/sluice" "/tmp" -}}
{{- range .Values.extraVolumeMounts -}}
{{- if has (trimSuffix "/" .mountPath) $places -}}
{{- fail (printf "extraVolumeMounts has %s, where the chart mounts its own: choose another place" .mountPath) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateConfig" -}}
{{- range $key, $other := dict "listen" "listeners.proxy and tls" "admin" "listeners.admin" "policy" "policy.inline or policy.existingConfigMap" -}}
{{- if hasKey $.Values.config $key -}}
{{- fail (printf "config.%s conflicts with %s, which says the same: take config.%s out" $key $other $key) -}}
{{- end -}}
{{- end -}}
{{- if hasKey (.Values.extraFiles | default dict) "sluice.yaml" -}}
{{- fail "extraFiles has sluice.yaml, which config makes: give the file another name" -}}
{{- end -}}
{{- end -}}

{{/* Secrets that a { file: … } of the configuration may name, or empty when any may be there. As JSON. */}}
{{- define "sluice.validateCredentials" -}}
{{- $config := include "sluice.config" . -}}
{{- $wanted := regexFindAll "/run/secrets/sluice/[^\\s\"',}\\]]+" $config -1 | uniq -}}
{{- $there := list "/run/secrets/sluice/webhook-secret" "/run/secrets/sluice/redis-password" "/run/secrets/sluice/redis-ca.crt" -}}
{{- $any := false -}}
{{- range .Values.credentials.existingSecrets -}}
{{- if not .items }}{{ $any = true }}{{ end -}}
{{- range .items }}{{ $there = append $there (printf "/run/secrets/sluice/%s" .path) }}{{ end -}}
{{- end -}}
{{- $paths := list -}}
{{- range (include "sluice.secretSources" . | fromYamlArray) }}{{ range .secret.items }}{{ $paths = append $paths .path }}{{ end }}{{ end -}}
{{- range $paths -}}
{{- $path := . -}}
{{- $same := 0 -}}
{{- range $paths }}{{ if eq . $path }}{{ $same = add1 $same }}{{ end }}{{ end -}}
{{- if gt (int $same) 1 -}}
{{- fail (printf "two secrets would be the file /run/secrets/sluice/%s: give one of credentials.existingSecrets' items another path (webhook-secret, redis-password and redis-ca.crt are the chart's own)" .) -}}
{{- end -}}
{{- end -}}
{{- if not $any -}}
{{- range $wanted -}}
{{- if not (has . $there) -}}
{{- if $.Values.credentials.existingSecrets -}}
{{- fail (printf "no credential: the configuration reads %s, and no item of credentials.existingSecrets has this path: add it, or correct config" .) -}}
{{- else -}}
{{- fail (printf "no credential: the configuration reads %s: set credentials.existingSecrets[0].name to a Secret that has this key (kubectl create secret generic NAME --from-file=push-full), or let config.apis take it from elsewhere" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.audit.webhook -}}
{{- if and .url (not .existingSecret) -}}
{{- fail "audit.webhook.url without audit.webhook.existingSecret: name a Secret that holds whsec_…, or use config.audit.webhooks with signature: none" -}}
{{- end -}}
{{- end -}}
{{- if and (dig "vault" "kubernetes" dict .Values.config) (not (dig "vault" "kubernetes" "jwt" "" .Values.config)) (not .Values.serviceAccount.automount) -}}
{{- fail "config.vault.kubernetes wants the service account's token: set serviceAccount.automount=true, or config.vault.kubernetes.jwt to a projected token of extraVolumes" -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateListeners" -}}
{{- $connect := include "sluice.connectPort" . -}}
{{- $ports := list (toString .Values.listeners.proxy.port) (toString .Values.listeners.admin.port) -}}
{{- if $connect }}{{ $ports = append $ports $connect }}{{ end -}}
{{- if ne (len $ports) (len (uniq $ports)) -}}
{{- fail (printf "listeners.proxy.port, listeners.admin.port and the port of config.connect.address must differ, and are %s" (join ", " $ports)) -}}
{{- end -}}
{{- $wanted := include "sluice.listener" (dict "address" .Values.listeners.address "port" ($connect | default 0)) -}}
{{- if and $connect (ne .Values.config.connect.address $wanted) -}}
{{- fail (printf "config.connect.address %s cannot be reached from outside of the pod: set it to %s" .Values.config.connect.address $wanted) -}}
{{- end -}}
{{- if and $connect (eq (int .Values.service.port) (int .Values.service.connectPort)) -}}
{{- fail (printf "service.port and service.connectPort must differ, and both are %v" .Values.service.port) -}}
{{- end -}}
{{- if and (or .Values.service.loadBalancerSourceRanges .Values.service.loadBalancerClass) (ne .Values.service.type "LoadBalancer") -}}
{{- fail "service.loadBalancerSourceRanges and service.loadBalancerClass are for service.type LoadBalancer: take them out, or set service.type" -}}
{{- end -}}
{{- if and .Values.service.externalTrafficPolicy (eq .Values.service.type "ClusterIP") -}}
{{- fail "service.externalTrafficPolicy is for service.type NodePort and LoadBalancer: take it out, or set service.type" -}}
{{- end -}}
{{- $ca := .Values.clientCA -}}
{{- if and $ca.existingSecret $ca.existingConfigMap -}}
{{- fail "clientCA.existingSecret and clientCA.existingConfigMap are both set, take one of them out" -}}
{{- end -}}
{{- if and (or $ca.existingSecret $ca.existingConfigMap) (not .Values.tls.existingSecret) -}}
{{- fail "clientCA asks callers for certificates, which wants HTTPS: set tls.existingSecret" -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateReplicas" -}}
{{- $scaling := .Values.autoscaling -}}
{{- $none := list "0" "0%" -}}
{{- $rolling := .Values.strategy.rollingUpdate | default dict -}}
{{- if and (eq .Values.strategy.type "RollingUpdate") (has (toString $rolling.maxUnavailable) $none) (has (toString $rolling.maxSurge) $none) -}}
{{- fail "strategy.rollingUpdate.maxUnavailable and maxSurge are both 0, so that no pod could ever be replaced: set maxSurge to 1" -}}
{{- end -}}
{{- if and $scaling.enabled (include "sluice.persistent" .) -}}
{{- fail "autoscaling.enabled with audit.spool.type=persistent: a replica that is scaled away leaves undelivered events in its volume: set replicaCount instead, or audit.spool.type=emptyDir" -}}
{{- end -}}
{{- if and $scaling.enabled (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "autoscaling.minReplicas %v is above autoscaling.maxReplicas %v: lower it" $scaling.minReplicas $scaling.maxReplicas) -}}
{{- end -}}
{{- if and $scaling.enabled $scaling.targetCPU -}}
{{- if not ((.Values.resources | default dict).requests | default dict).cpu -}}
{{- fail "autoscaling.targetCPU is a part of resources.requests.cpu, which is not set: set it, or autoscaling.targetCPU=0 and autoscaling.metrics" -}}
{{- end -}}
{{- range .Values.extraContainers -}}
{{- if not ((.resources | default dict).requests | default dict).cpu -}}
{{- fail (printf "autoscaling.targetCPU counts every container, and %s of extraContainers has no resources.requests.cpu: set it, or autoscaling.targetCPU=0 and autoscaling.metrics" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $scaling.enabled (not $scaling.targetCPU) (not $scaling.metrics) -}}
{{- fail "autoscaling.enabled without a metric: set autoscaling.targetCPU or autoscaling.metrics" -}}
{{- end -}}
{{- if and .Values.pdb.enabled (eq (toString .Values.pdb.minAvailable) "") (has (toString .Values.pdb.maxUnavailable) $none) -}}
{{- fail (printf "pdb.maxUnavailable %v lets no node be drained: set pdb.maxUnavailable to 1" .Values.pdb.maxUnavailable) -}}
{{- end -}}
{{- $least := ternary $scaling.minReplicas .Values.replicaCount $scaling.enabled | int -}}
{{- $wanted := toString .Values.pdb.minAvailable -}}
{{- if and .Values.pdb.enabled $least (not (has $wanted (prepend $none ""))) -}}
{{- if hasSuffix "%" $wanted }}{{ $wanted = div (add (mul (trimSuffix "%" $wanted | int) $least) 99) 100 }}{{ end -}}
{{- if ge (int $wanted) $least -}}
{{- fail (printf "pdb.minAvailable %v of %d replicas lets no node be drained: lower it, or leave it empty for pdb.maxUnavailable" .Values.pdb.minAvailable $least) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateSpool" -}}
{{- $config := include "sluice.config" . | fromYaml -}}
{{- $size := include "sluice.octets" (dict "text" .Values.audit.spool.size "place" "audit.spool.size") | int64 -}}
{{- $retained := dig "retain" "size" "10GiB" $config.audit -}}
{{- $cap := include "sluice.octets" (dict "text" $retained "place" "config.audit.retain.size") | int64 -}}
{{- if and (ge $cap $size) (eq (dig "when_unavailable" "block" $config.audit) "block") -}}
{{- fail (printf "config.audit.retain.size %v does not fit into audit.spool.size %v, and when_unavailable: block refuses every request once the volume is full: raise audit.spool.size, or lower config.audit.retain.size to three quarters of it" $retained .Values.audit.spool.size) -}}
{{- end -}}
{{- $places := list "/var/lib/sluice" -}}
{{- range .Values.extraVolumeMounts }}{{ $places = append $places .mountPath }}{{ end -}}
{{- $found := false -}}
{{- range $places }}{{ if hasPrefix (printf "%s/" (trimSuffix "/" .)) $config.audit.spool }}{{ $found = true }}{{ end }}{{ end -}}
{{- if not $found -}}
{{- fail (printf "config.audit.spool %s is in no volume, and the root cannot be written: put it into /var/lib/sluice, or add extraVolumeMounts" $config.audit.spool) -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateDrain" -}}
{{- $least := include "sluice.graceSeconds" . | int -}}
{{- with .Values.terminationGracePeriodSeconds -}}
{{- if lt (int .) $least -}}
{{- fail (printf "terminationGracePeriodSeconds %v is shorter than the drain: delay, timeout and 15 s for webhooks and spool are %d s: raise it, leave it empty, or lower drain.timeoutSeconds" . $least) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Usage: (dict "root" $ "value" "metrics.rules" "api" "monitoring.coreos.com/v1" "remedy" "..") */}}
{{- define "sluice.needApi" -}}
{{- if not (.root.Capabilities.APIVersions.Has .api) -}}
{{- fail (printf "%s.enabled wants %s, which the cluster has not: install %s, or set %s.enabled=false (helm template: --api-versions %s)" .value .api .remedy .value .api) -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateApis" -}}
{{- $metrics := .Values.metrics -}}
{{- range list "serviceMonitor" "podMonitor" "rules" -}}
{{- if (get $metrics .).enabled -}}
{{- include "sluice.needApi" (dict "root" $ "value" (printf "metrics.%s" .) "api" "monitoring.coreos.com/v1" "remedy" "the Prometheus operator") -}}
{{- end -}}
{{- end -}}
{{- if .Values.httpRoute.enabled -}}
{{- include "sluice.needApi" (dict "root" $ "value" "httpRoute" "api" "gateway.networking.k8s.io/v1" "remedy" "the Gateway API") -}}
{{- end -}}
{{- $monitors := or $metrics.serviceMonitor.enabled $metrics.podMonitor.enabled -}}
{{- if and $metrics.serviceMonitor.enabled $metrics.podMonitor.enabled -}}
{{- fail "metrics.serviceMonitor.enabled and metrics.podMonitor.enabled: each pod would be scraped twice, take one of them out" -}}
{{- end -}}
{{- if and $monitors .Values.networkPolicy.enabled (not .Values.networkPolicy.metrics.from) -}}
{{- fail "a monitor is enabled, and networkPolicy.metrics.from lets nobody reach the admin port: name Prometheus' pods there" -}}
{{- end -}}
{{- end -}}

{{- define "sluice.validateNetwork" -}}
{{- if and .Values.networkPolicy.enabled (ne .Values.service.type "ClusterIP") -}}
{{- $outside := false -}}
{{- range (include "sluice.callers" . | fromYamlArray) }}{{ if .ipBlock }}{{ $outside = true }}{{ end }}{{ end -}}
{{- if not $outside -}}
{{- fail (printf "service.type %s is for callers from outside, and networkPolicy.ingress.from lets in pods only: add an ipBlock of theirs (of the nodes, without service.externalTrafficPolicy=Local)%s" .Values.service.type (eq .Values.service.type "LoadBalancer" | ternary ", or set service.loadBalancerSourceRanges" "")) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled .Values.networkPolicy.upstreams.cidrs -}}
{{- $targets := include "sluice.targets" . | fromYaml -}}
{{- if not .Values.networkPolicy.webhook.to -}}
{{- range $targets.webhooks -}}
{{- if eq .kind "public" -}}
{{- fail (printf "networkPolicy.upstreams.cidrs narrows where the gate gets, and the webhook at %s is elsewhere: set networkPolicy.webhook.to" .host) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not .Values.networkPolicy.extraEgress -}}
{{- range $targets.others -}}
{{- if eq .kind "public" -}}
{{- fail (printf "networkPolicy.upstreams.cidrs narrows where the gate gets, and %s is elsewhere: add it to networkPolicy.extraEgress" .host) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
