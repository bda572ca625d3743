{{/* Values of other charts, which are ignored: docs/decisions/0022-ignore-values-of-other-charts.md. */}}

{{/* The chart's own names in each map that has names of other charts, too. */}}
{{- define "ska-sdp-lmc.own-names" -}}
"": [enabled, nameOverride, fullnameOverride, global, env, feature-flags, processingNamespace,
  legacy_compatibility, lmc, etcd, tangodb, simulator, console, web, networkPolicy,
  disruptionBudgets, podAnnotations, nodeSelector, affinity, tolerations, priorityClassName,
  monitoring, backup]
console: [enabled, resources]
etcd: [host, image, version, digest, imagePullPolicy, logLevel, replicas, clusterState, maxTxnOps,
  quotaBackendBytes, persistence, compaction, defragmentation, tls, auth, resources, runAsUser]
etcd.persistence: [enabled, size, storageClass, storageClassName]
feature-flags: [resourceManagement]
{{- end -}}

{{/* Names in lmc of the chart ska-sdp, which values.schema.json accepts; it rejects all others. */}}
{{- define "ska-sdp-lmc.ignored-names-of-lmc" -}}
[enabled, replicas, component, master, allCommandsHaveArgument, load_balancer]
{{- end -}}

{{/* Values that are not the chart's own, as a JSON list of their maps and names. */}}
{{- define "ska-sdp-lmc.ignored-values" -}}
{{- $root := . -}}
{{- $ignored := list -}}
{{- range $path, $own := include "ska-sdp-lmc.own-names" . | fromYaml -}}
{{- $map := $root.Values -}}
{{- range splitList "." $path | compact -}}
{{- $map = get $map . -}}
{{- end -}}
{{- range keys $map | sortAlpha -}}
{{- if not (has . $own) -}}
{{- $ignored = append $ignored (dict "map" $path "name" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range include "ska-sdp-lmc.ignored-names-of-lmc" . | fromYamlArray -}}
{{- if hasKey $root.Values.lmc . -}}
{{- $ignored = append $ignored (dict "map" "lmc" "name" .) -}}
{{- end -}}
{{- end -}}
{{ toJson $ignored }}
{{- end -}}

{{/* Full name of a value. Takes (list map name). */}}
{{- define "ska-sdp-lmc.path" -}}
{{ compact . | join "." }}
{{- end -}}

{{/* Pattern of the texts that have at most one letter missing, added, replaced, or swapped with the next.
Takes the right text. */}}
{{- define "ska-sdp-lmc.misspelt" -}}
{{- $text := . -}}
{{- $patterns := list -}}
{{- range $number := until (len $text) -}}
{{- $head := substr 0 $number $text -}}
{{- $letter := substr $number (int (add1 $number)) $text -}}
{{- $tail := substr (int (add1 $number)) -1 $text -}}
{{- $patterns = concat $patterns (list
      (printf "%s.?%s%s" $head $letter $tail)
      (printf "%s.?%s" $head $tail)) -}}
{{- with $tail -}}
{{- $patterns = append $patterns (printf "%s%s%s%s" $head (trunc 1 .) $letter (substr 1 -1 .)) -}}
{{- end -}}
{{- end -}}
^({{ join "|" $patterns }}|{{ $text }}.)$
{{- end -}}

{{/* A name without case, hyphens and underscores. */}}
{{- define "ska-sdp-lmc.plain" -}}
{{ lower . | replace "-" "" | replace "_" "" }}
{{- end -}}

{{/* Namespace of processing: umbrella charts set it for all their charts in global.sdp. */}}
{{- define "ska-sdp-lmc.processing-namespace" -}}
{{- $shared := kindIs "map" .Values.global.sdp | ternary .Values.global.sdp dict -}}
{{ $shared.processingNamespace | default .Values.processingNamespace }}
{{- end -}}

{{- define "ska-sdp-lmc.check-values" -}}
{{- if not .Values.enabled -}}
{{- fail (printf "enabled is false, but no condition of a parent chart evaluates it: add `condition: %s.enabled` to the dependency in the parent chart, or set enabled to true." .Chart.Name) -}}
{{- end -}}
{{- $fullname := include "ska-sdp-lmc.fullname" . -}}
{{- if not (regexMatch "^[a-z][a-z0-9-]*$" $fullname) -}}
{{- fail (printf "Kubernetes rejects objects named '%s-…': a name starts with a letter, and has only lower-case letters, digits and hyphens. Set fullnameOverride, or choose another name of the release." $fullname) -}}
{{- end -}}
{{- if hasKey .Values "scheduling" -}}
{{- fail "scheduling is no longer a value: write scheduling.nodeSelector as nodeSelector, and scheduling.tolerations as tolerations." -}}
{{- end -}}
{{- $names := include "ska-sdp-lmc.own-names" . | fromYaml -}}
{{- range include "ska-sdp-lmc.ignored-values" . | fromJsonArray -}}
{{- $ignored := . -}}
{{- range $own := get $names .map | default list -}}
{{- $pattern := include "ska-sdp-lmc.plain" $own | include "ska-sdp-lmc.misspelt" -}}
{{- if regexMatch $pattern (include "ska-sdp-lmc.plain" $ignored.name) -}}
{{- $wrong := include "ska-sdp-lmc.path" (list $ignored.map $ignored.name) -}}
{{- $right := include "ska-sdp-lmc.path" (list $ignored.map $own) -}}
{{- fail (printf "Unknown value '%s': did you mean '%s'? Values of other charts are ignored, but not names that resemble those of this chart." $wrong $right) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
