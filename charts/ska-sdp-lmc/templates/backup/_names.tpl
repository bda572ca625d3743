{{/* Environment with the names of snapshots: ETCD, with which all begin, and NEW, the unfinished one of this
pod. */}}
{{- define "ska-sdp-lmc.backup-names" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: ETCD
  value: {{ include "ska-sdp-lmc.etcd-name" . }}
- name: NEW
  value: {{ include "ska-sdp-lmc.etcd-name" . }}-new-$(POD_NAME)
{{- end -}}
