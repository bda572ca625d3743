{{/* Labels and annotations. Those of the chart have priority over those of the values, as selectors and
other objects refer to them. Most templates here take (list root component), or with more labels
and annotations, as dicts: (list root component labels annotations). */}}

{{/* Selector labels of pods. */}}
{{- define "lmc.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "lmc.name" $root | quote }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of pods. They name no version, so that a new version of the chart alone does not restart
pods. */}}
{{- define "lmc.pod-labels" -}}
{{- $more := index (concat (slice . 2) (list dict)) 0 -}}
{{- $global := include "lmc.texts" (index . 0).Values.global.labels | fromYaml -}}
{{ merge dict $more (include "lmc.selector" . | fromYaml) $global | toYaml }}
{{- end -}}

{{/* Labels of objects. */}}
{{- define "lmc.labels" -}}
{{- $root := index . 0 -}}
{{- $versions := dict
      "app.kubernetes.io/version" $root.Values.lmc.version
      "app.kubernetes.io/managed-by" $root.Release.Service
      "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_") -}}
{{ merge dict $versions (include "lmc.pod-labels" . | fromYaml) | toYaml }}
{{- end -}}

{{/* Labels and annotations of an object. */}}
{{- define "lmc.metadata" -}}
{{- $more := concat (slice . 2) (list dict dict) -}}
labels:
  {{- include "lmc.labels" . | nindent 2 }}
{{- with merge dict (index $more 1) (include "lmc.texts" (index . 0).Values.global.annotations | fromYaml) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Labels and annotations of pods. */}}
{{- define "lmc.pod-metadata" -}}
{{- $values := (index . 0).Values -}}
{{- $more := concat (slice . 2) (list dict dict) -}}
labels:
  {{- include "lmc.pod-labels" . | nindent 2 }}
{{- with merge dict (index $more 1) $values.podAnnotations (include "lmc.texts" $values.global.annotations | fromYaml) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A dict with its values as texts, e.g. of `1` or `true`. Takes a dict, or nothing. */}}
{{- define "lmc.texts" -}}
{{- $texts := dict -}}
{{- range $name, $value := . | default dict -}}
{{- $_ := set $texts $name (kindIs "string" $value | ternary $value (toJson $value)) -}}
{{- end -}}
{{ toYaml $texts }}
{{- end -}}
