{{/* Labels and annotations. Those of the chart have priority over those of the values, as selectors and
other objects refer to them. Most templates here take (list root component), or with more labels
and annotations, as dicts: (list root component labels annotations). */}}

{{/* Selector labels of pods. */}}
{{- define "ska-sdp-lmc.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "ska-sdp-lmc.name" $root | quote }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of pods. They name no version, so that a new version of the chart alone does not restart
pods. */}}
{{- define "ska-sdp-lmc.pod-labels" -}}
{{- $more := index (concat (slice . 2) (list dict)) 0 -}}
{{- $global := include "ska-sdp-lmc.texts" (index . 0).Values.global.labels | fromYaml -}}
{{ merge dict $more (include "ska-sdp-lmc.selector" . | fromYaml) $global | toYaml }}
{{- end -}}

{{/* Labels of objects. */}}
{{- define "ska-sdp-lmc.labels" -}}
{{- $root := index . 0 -}}
{{- $versions := dict
      "app.kubernetes.io/version" ($root.Values.lmc.version | trunc 63 | trimAll "-_.")
      "app.kubernetes.io/managed-by" $root.Release.Service
      "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_.") -}}
{{ merge dict $versions (include "ska-sdp-lmc.pod-labels" . | fromYaml) | toYaml }}
{{- end -}}

{{/* Labels and annotations of an object. */}}
{{- define "ska-sdp-lmc.metadata" -}}
{{- $more := concat (slice . 2) (list dict dict) -}}
labels:
  {{- include "ska-sdp-lmc.labels" . | nindent 2 }}
{{- with merge dict (index $more 1) (include "ska-sdp-lmc.texts" (index . 0).Values.global.annotations | fromYaml) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Labels and annotations of pods. */}}
{{- define "ska-sdp-lmc.pod-metadata" -}}
{{- $values := (index . 0).Values -}}
{{- $more := concat (slice . 2) (list dict dict) -}}
labels:
  {{- include "ska-sdp-lmc.pod-labels" . | nindent 2 }}
{{- with merge dict (index $more 1) $values.podAnnotations (include "ska-sdp-lmc.texts" $values.global.annotations | fromYaml) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A dict with its values as texts, e.g. of `1` or `true`, and "" for null. Takes a dict, or nothing. */}}
{{- define "ska-sdp-lmc.texts" -}}
{{- $texts := dict -}}
{{- range $name, $value := . | default dict -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := set $texts $name "" -}}
{{- else -}}
{{- $_ := set $texts $name (kindIs "string" $value | ternary $value (toJson $value)) -}}
{{- end -}}
{{- end -}}
{{ toYaml $texts }}
{{- end -}}
