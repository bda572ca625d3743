{{/* Fields common to all pods. Takes (list root user-id). */}}
{{- define "ska-sdp-lmc.pod" -}}
{{- $root := index . 0 -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.lmc.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{ include "ska-sdp-lmc.scheduling" $root }}
{{- with $root.Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
securityContext:
  {{- include "ska-sdp-lmc.user" (index . 1) | nindent 2 }}
  fsGroup: {{ index . 1 | int64 }}
  fsGroupChangePolicy: OnRootMismatch
{{- end -}}

{{/* Choice of the nodes. */}}
{{- define "ska-sdp-lmc.scheduling" -}}
{{- range $field := list "nodeSelector" "affinity" "tolerations" }}
{{- with get $.Values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Security of a pod, or of a container: fields that both have. Takes a user id. */}}
{{- define "ska-sdp-lmc.user" -}}
runAsNonRoot: true
runAsUser: {{ . | int64 }}
runAsGroup: {{ . | int64 }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "ska-sdp-lmc.container-security" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* Image fields of a container of this software. */}}
{{- define "ska-sdp-lmc.own-image" -}}
image: {{ include "ska-sdp-lmc.image" . | quote }}
imagePullPolicy: {{ .Values.lmc.imagePullPolicy }}
{{ include "ska-sdp-lmc.container-security" . }}
{{- end -}}

{{/* Volumes of a pod of this software, and their mounts; the root file system is read-only. */}}
{{- define "ska-sdp-lmc.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if .Values.etcd.tls.enabled }}
- name: etcd-tls
  secret:
    {{- if .Values.etcd.tls.clientSecret }}
    secretName: {{ .Values.etcd.tls.clientSecret | quote }}
    {{- else }}
    secretName: {{ .Values.etcd.tls.secret | quote }}
    items:
      - key: ca.crt
        path: ca.crt
    {{- end }}
    # DeviceServer has no fsGroup, and the user of the image is not root.
    defaultMode: {{ ternary "0444" "0440" .Values.global.operator }}
{{- end }}
{{- end -}}

{{- define "ska-sdp-lmc.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.etcd.tls.enabled }}
- name: etcd-tls
  mountPath: /etc/etcd-tls
  readOnly: true
{{- end }}
{{- end -}}
