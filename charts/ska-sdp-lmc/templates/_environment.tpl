{{/* Environment of a container: variables of the chart and of the site, and of two with one name the
site's, as Kubernetes' server-side apply rejects both. Takes (list root text…), the texts being the
chart's variables in YAML. */}}
{{- define "lmc.environment" -}}
{{- $values := (index . 0).Values -}}
{{- $all := slice . 1 | join "\n" | fromYamlArray -}}
{{- $shared := $values.global.environment_variables -}}
{{- range concat (kindIs "slice" $shared | ternary $shared list) $values.env -}}
{{- $all = append $all (merge (include "lmc.texts" (pick . "name" "value") | fromYaml) .) -}}
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

{{/* Environment of a container of this software: lmc.environment with the feature flags. */}}
{{- define "lmc.own-environment" -}}
{{- $root := index . 0 -}}
{{- $flag := ternary "1" "0" (index $root.Values "feature-flags").resourceManagement -}}
{{- $flags := list (dict "name" "FEATURE_RESOURCE_MANAGEMENT_TOGGLE" "value" $flag) | toYaml -}}
{{ include "lmc.environment" (concat (list $root $flags) (slice . 1)) }}
{{- end -}}

{{- define "lmc.tango-environment" -}}
- name: TANGO_HOST
  value: {{ include "lmc.tango-host" . | quote }}
{{- end -}}

{{/* Variable with a field of the pod. Takes (list name field). */}}
{{- define "lmc.pod-field-environment" -}}
- name: {{ index . 0 }}
  valueFrom:
    fieldRef:
      fieldPath: {{ index . 1 }}
{{- end -}}
