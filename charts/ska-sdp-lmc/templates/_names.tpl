{{/* Name of the chart in names and labels of objects. */}}
{{- define "ska-sdp-lmc.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 40 | trimAll "-" }}
{{- end -}}

{{/* Name prefix of all objects, short enough for suffixes of up to 12 characters for a CronJob and 23
for others. */}}
{{- define "ska-sdp-lmc.fullname" -}}
{{- $name := include "ska-sdp-lmc.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{ .Values.fullnameOverride | default $full | trunc 40 | trimSuffix "-" }}
{{- end -}}

{{/* DNS name of a Service. Takes (list root name). */}}
{{- define "ska-sdp-lmc.host" -}}
{{- $root := index . 0 -}}
{{ index . 1 }}.{{ $root.Release.Namespace }}.svc.{{ $root.Values.global.cluster_domain }}
{{- end -}}

{{/* Reference of an image, by its digest if it has one. Takes its values. */}}
{{- define "ska-sdp-lmc.image-reference" -}}
{{ .image }}{{ ternary (printf "@%s" .digest) (printf ":%s" .version) (not (empty .digest)) }}
{{- end -}}

{{- define "ska-sdp-lmc.image" -}}
{{ include "ska-sdp-lmc.image-reference" .Values.lmc }}
{{- end -}}
