{{/* Name that all objects begin with; short enough for what is put behind it, up to 12 characters of a
CronJob, 23 of others. */}}
{{- define "lmc.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What pods are found by. Takes (list root component). */}}
{{- define "lmc.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of objects. Those of pods are the selector alone: an upgrade of the chart that changes
nothing else starts no pod anew. Takes (list root component). */}}
{{- define "lmc.labels" -}}
{{- $root := index . 0 -}}
{{ include "lmc.selector" . }}
app.kubernetes.io/version: {{ $root.Values.lmc.version | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Full name of a Service. Takes (list root name). */}}
{{- define "lmc.host" -}}
{{- $root := index . 0 -}}
{{ index . 1 }}.{{ $root.Release.Namespace }}.svc.{{ $root.Values.global.cluster_domain }}
{{- end -}}

{{- define "lmc.image" -}}
{{ .Values.lmc.image }}:{{ .Values.lmc.version }}
{{- end -}}
