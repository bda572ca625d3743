{{/* Name of the chart in names and labels of objects. */}}
{{- define "lmc.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}

{{/* Name prefix of all objects, short enough for suffixes of up to 12 characters for a CronJob and 23
for others. */}}
{{- define "lmc.fullname" -}}
{{- $name := include "lmc.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{ .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" }}
{{- end -}}

{{/* DNS name of a Service. Takes (list root name). */}}
{{- define "lmc.host" -}}
{{- $root := index . 0 -}}
{{ index . 1 }}.{{ $root.Release.Namespace }}.svc.{{ $root.Values.global.cluster_domain }}
{{- end -}}

{{/* Reference of an image, by its digest if it has one. Takes its values. */}}
{{- define "lmc.image-reference" -}}
{{ .image }}{{ ternary (printf "@%s" .digest) (printf ":%s" .version) (not (empty .digest)) }}
{{- end -}}

{{- define "lmc.image" -}}
{{ include "lmc.image-reference" .Values.lmc }}
{{- end -}}
