{{/* Device servers as a JSON list: name, user of etcd, program, instance, device, its properties and those
of its attributes, and labels for the operator. */}}
{{- define "ska-sdp-lmc.servers" -}}
{{- $lmc := .Values.lmc -}}
{{- $servers := list (dict
      "name" "controller" "user" "lmc-controller"
      "program" "SDPController" "instance" "0" "kind" "controller"
      "domain" $lmc.controller.domain "function" $lmc.controller.function
      "device" (printf "%s-sdp/control/0" $lmc.prefix) "properties" $lmc.controller.properties
      "attributes" $lmc.controller.attributeProperties
      "resources" $lmc.controller.resources) -}}
{{- $properties := merge (dict
      "TimeoutAssignResources" (list (toString $lmc.subarray.timeoutAssignResources))
      "TimeoutConfigure" (list (toString $lmc.subarray.timeoutConfigure)))
      $lmc.subarray.properties -}}
{{- range $number := untilStep 1 (int (add1 (int $lmc.nsubarray))) 1 -}}
{{- $instance := printf "%02d" $number -}}
{{- $servers = append $servers (dict
      "name" (printf "subarray-%s" $instance) "user" (printf "lmc-subarray-%s" $instance)
      "program" "SDPSubarray" "instance" $instance "kind" "subarray"
      "domain" $lmc.subarray.domain "function" $lmc.subarray.function
      "device" (printf "%s-sdp/subarray/%s" $lmc.prefix $instance) "properties" $properties
      "attributes" $lmc.subarray.attributeProperties
      "resources" $lmc.subarray.resources) -}}
{{- end -}}
{{- toJson $servers -}}
{{- end -}}

{{/* Device data in dsconfig format. Takes a list of servers. */}}
{{- define "ska-sdp-lmc.device-data" -}}
{{- $servers := dict -}}
{{- range . -}}
{{- $entry := dict "properties" .properties -}}
{{- with .attributes }}{{ $_ := set $entry "attribute_properties" . }}{{ end -}}
{{- $device := dict .device $entry -}}
{{- $instances := get $servers .program | default dict -}}
{{- $_ := set $instances .instance (dict .program $device) -}}
{{- $_ := set $servers .program $instances -}}
{{- end -}}
{{- dict "servers" $servers | toPrettyJson -}}
{{- end -}}

{{/* "true" if device servers are exposed outside the cluster, else "false". */}}
{{- define "ska-sdp-lmc.is-exposed" -}}
{{ or .Values.lmc.loadBalancer .Values.global.exposeAllDS }}
{{- end -}}

{{/* Port for probes and metrics, and the variable that sets it. */}}
{{- define "ska-sdp-lmc.health-port" -}}8080{{- end -}}
{{- define "ska-sdp-lmc.health-environment" -}}
- name: SDP_LMC_HEALTH_PORT
  value: {{ include "ska-sdp-lmc.health-port" . | quote }}
{{- end -}}

{{/* Annotations for Prometheus to discover metrics. Takes a port. */}}
{{- define "ska-sdp-lmc.scrape-annotations" -}}
prometheus.io/scrape: "true"
prometheus.io/path: /metrics
prometheus.io/port: {{ . | quote }}
{{- end -}}

{{/* Settings common to all device servers. */}}
{{- define "ska-sdp-lmc.settings-environment" -}}
- name: SDP_LMC_LOG_LEVEL
  value: {{ .Values.lmc.logLevel }}
- name: SDP_LMC_LOG_FORMAT
  value: {{ .Values.lmc.logFormat }}
- name: SDP_LMC_PREFIX
  value: {{ .Values.lmc.databasePrefix | quote }}
{{- end -}}

{{/* Ports of a device server: CORBA, and for events the heartbeat and the events themselves. */}}
{{- define "ska-sdp-lmc.orb-port" -}}45450{{- end -}}
{{- define "ska-sdp-lmc.heartbeat-port" -}}45451{{- end -}}
{{- define "ska-sdp-lmc.event-port" -}}45452{{- end -}}
{{- define "ska-sdp-lmc.event-environment" -}}
- name: TANGO_ZMQ_HEARTBEAT_PORT
  value: {{ include "ska-sdp-lmc.heartbeat-port" . | quote }}
- name: TANGO_ZMQ_EVENT_PORT
  value: {{ include "ska-sdp-lmc.event-port" . | quote }}
{{- end -}}

{{/* Liveness and readiness probes of a device server. Takes (list root port). */}}
{{- define "ska-sdp-lmc.liveness-and-readiness-probes" -}}
{{- $probes := (index . 0).Values.lmc.probes -}}
{{- $port := index . 1 -}}
{{- range $probe, $path := dict "livenessProbe" "/livez" "readinessProbe" "/readyz" }}
{{ $probe }}:
  httpGet: {path: {{ $path }}, port: {{ $port }}}
  periodSeconds: {{ $probes.periodSeconds }}
  timeoutSeconds: {{ $probes.timeoutSeconds }}
  failureThreshold: {{ $probes.failureThreshold }}
{{- end }}
{{- end -}}

{{/* All probes of a device server. */}}
{{- define "ska-sdp-lmc.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: health}
  periodSeconds: 2
  timeoutSeconds: {{ .Values.lmc.probes.timeoutSeconds }}
  failureThreshold: {{ .Values.lmc.probes.startupFailureThreshold }}
{{- include "ska-sdp-lmc.liveness-and-readiness-probes" (list . "health") }}
{{- end -}}
