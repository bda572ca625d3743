{{/* Secret with the token of the web page. */}}
{{- define "ska-sdp-lmc.web-secret" -}}
{{ .Values.web.login.existingSecret | default (printf "%s-web" (include "ska-sdp-lmc.fullname" .)) }}
{{- end -}}

{{/* Port that the web page's server listens on. */}}
{{- define "ska-sdp-lmc.web-port" -}}8080{{- end -}}

{{/* Host names by which browsers reach the web page, as a JSON list. */}}
{{- define "ska-sdp-lmc.web-hosts" -}}
{{- $hosts := .Values.web.allowedHosts -}}
{{- if .Values.web.ingress.enabled -}}
{{- $hosts = prepend $hosts .Values.web.ingress.host -}}
{{- end -}}
{{ uniq $hosts | toJson }}
{{- end -}}
