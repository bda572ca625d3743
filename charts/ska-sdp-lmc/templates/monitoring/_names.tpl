{{/* Name of the PodMonitor of the device servers. */}}
{{- define "lmc.servers-monitor" -}}
{{ include "lmc.fullname" . }}-device-servers
{{- end -}}
