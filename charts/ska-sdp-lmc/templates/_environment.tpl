{{/* Environment of a container: variables of the chart and of the site, and of two with one name the
site's, as Kubernetes' server-side apply rejects both. So the chart's own variables for scripts and
arguments have names with SDP_, which no site uses for another purpose. Takes (list root text…), the texts being the
chart's variables in YAML. */}}
{{- define "ska-sdp-lmc.environment" -}}
{{- $values := (index . 0).Values -}}
{{- $all := slice . 1 | join "\n" | fromYamlArray -}}
{{- $shared := $values.global.environment_variables -}}
{{- range concat (kindIs "slice" $shared | ternary $shared list) $values.env -}}
{{- $all = append $all (merge (include "ska-sdp-lmc.texts" (pick . "name" "value") | fromYaml) .) -}}
{{- end -}}
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
