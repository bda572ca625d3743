{{/* Name of the PodMonitor of the device servers. */}}
{{- define "ska-sdp-lmc.servers-monitor" -}}
{{ include "ska-sdp-lmc.fullname" . }}-device-servers
{{- end -}}
