{{/* Name prefix of all objects, short enough for suffixes of up to 12 characters for a CronJob and 23
for others. */}}
{{- define "lmc.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Selector labels of pods. Takes (list root component). */}}
{{- define "lmc.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of objects. Pods have the selector labels only, so that a new version of the chart alone
does not restart them. Takes (list root component). */}}
{{- define "lmc.labels" -}}
{{- $root := index . 0 -}}
{{ include "lmc.selector" . }}
app.kubernetes.io/version: {{ $root.Values.lmc.version | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* DNS name of a Service. Takes (list root name). */}}
{{- define "lmc.host" -}}
{{- $root := index . 0 -}}
{{ index . 1 }}.{{ $root.Release.Namespace }}.svc.{{ $root.Values.global.cluster_domain }}
{{- end -}}

{{- define "lmc.image" -}}
{{ .Values.lmc.image }}:{{ .Values.lmc.version }}
{{- end -}}
