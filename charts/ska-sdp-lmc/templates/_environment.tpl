{{/* Environment of a container: variables of the chart and of the site, and of two with one name the
site's, as Kubernetes' server-side apply rejects both. So that a site's variable changes no script, the
chart's own variables for scripts and arguments have names with SDP_. Takes (list root text…), the texts
being the chart's variables in YAML. */}}
{{- define "ska-sdp-lmc.environment" -}}
{{- $own := slice . 1 | join "\n" | fromYamlArray -}}
{{- $all := include "ska-sdp-lmc.site-environment" (index . 0) | fromYamlArray | concat $own -}}
{{- $last := dict -}}
{{- range $index, $variable := $all -}}
{{- $_ := set $last $variable.name $index -}}
{{- end -}}
{{- $environment := list -}}
{{- range $index, $variable := $all -}}
{{- if eq $index (get $last $variable.name) -}}
{{- $environment = append $environment $variable -}}
{{- end -}}
{{- end -}}
{{ toYaml $environment }}
{{- end -}}

{{/* Variables of the site, those of this chart after those of a parent chart. */}}
{{- define "ska-sdp-lmc.site-environment" -}}
{{- $shared := .Values.global.environment_variables -}}
{{- $shared = kindIs "slice" $shared | ternary $shared list -}}
{{- range $index, $variable := $shared -}}
{{- if not (and (kindIs "map" $variable) (kindIs "string" $variable.name)) -}}
{{- fail (printf "global.environment_variables[%d] is not a variable: write it as {name: …, value: …}." $index) -}}
{{- end -}}
{{- end -}}
{{- $site := list -}}
{{- range concat $shared .Values.env -}}
{{- $texts := include "ska-sdp-lmc.texts" (pick . "name" "value") | fromYaml -}}
{{- $site = append $site (merge $texts (omit . "name" "value")) -}}
{{- end -}}
{{ include "ska-sdp-lmc.proxy-exceptions" (list . $site) | fromYamlArray | concat $site | toYaml }}
{{- end -}}

{{/* NO_PROXY with the cluster's names, if the site sets a proxy: etcd's members and etcdctl would connect
to each other through it. Takes (list root variables), the variables being the site's, whose exceptions
stay. */}}
{{- define "ska-sdp-lmc.proxy-exceptions" -}}
{{- $root := index . 0 -}}
{{- $given := dict -}}
{{- $proxies := list -}}
{{- range index . 1 -}}
{{- $_ := set $given .name . -}}
{{- if regexMatch "(?i)^(http|https|grpc|all)_proxy$" .name -}}
{{- $proxies = append $proxies .name -}}
{{- end -}}
{{- end -}}
{{- $cluster := list "localhost" "127.0.0.1" ".svc" (printf ".%s" $root.Values.global.cluster_domain) -}}
{{- $exceptions := list -}}
{{- if $proxies -}}
{{- /* Programs differ in which of the two they read. Python exempts all hosts only if * stands alone. */}}
{{- range list (list "NO_PROXY" "no_proxy") (list "no_proxy" "NO_PROXY") -}}
{{- $variable := get $given (first .) | default (get $given (last .)) | default dict -}}
{{- if $variable.valueFrom -}}
{{- $exceptions = append $exceptions (merge (dict "name" (first .)) $variable) -}}
{{- else -}}
{{- $value := eq $variable.value "*" | ternary "*" (concat (list $variable.value) $cluster | compact | uniq | join ",") -}}
{{- $exceptions = append $exceptions (dict "name" (first .) "value" $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toYaml $exceptions }}
{{- end -}}

{{/* Environment of a container of this software: ska-sdp-lmc.environment with the feature flags. */}}
{{- define "ska-sdp-lmc.own-environment" -}}
{{- $root := index . 0 -}}
{{- $flag := ternary "1" "0" (index $root.Values "feature-flags").resourceManagement -}}
{{- $flags := list (dict "name" "FEATURE_RESOURCE_MANAGEMENT_TOGGLE" "value" $flag) | toYaml -}}
{{ include "ska-sdp-lmc.environment" (concat (list $root $flags) (slice . 1)) }}
{{- end -}}

{{- define "ska-sdp-lmc.tango-environment" -}}
- name: TANGO_HOST
  value: {{ include "ska-sdp-lmc.tango-host" . | quote }}
{{- end -}}

{{/* Variable with a field of the pod. Takes (list name field). */}}
{{- define "ska-sdp-lmc.pod-field-environment" -}}
- name: {{ index . 0 }}
  valueFrom:
    fieldRef:
      fieldPath: {{ index . 1 }}
{{- end -}}
