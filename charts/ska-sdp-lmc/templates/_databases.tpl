{{- define "ska-sdp-lmc.etcd-name" -}}
{{ include "ska-sdp-lmc.fullname" . }}-etcd
{{- end -}}

{{- define "ska-sdp-lmc.etcd-scheme" -}}
{{ ternary "https" "http" .Values.etcd.tls.enabled }}
{{- end -}}

{{/* Address of each member, or of an existing etcd: host:port,host:port,… */}}
{{- define "ska-sdp-lmc.etcd-endpoints" -}}
{{- if .Values.etcd.host -}}
{{- .Values.etcd.host -}}
{{- else -}}
{{- $name := include "ska-sdp-lmc.etcd-name" . -}}
{{- $root := . -}}
{{- $members := list -}}
{{- range $number := until (int .Values.etcd.replicas) -}}
{{- $host := include "ska-sdp-lmc.host" (list $root (printf "%s-%d.%s-members" $name $number $name)) -}}
{{- $members = append $members (printf "%s:2379" $host) -}}
{{- end -}}
{{- join "," $members -}}
{{- end -}}
{{- end -}}

{{/* Storage class of etcd's volumes. storageClassName is assumed to be its name in values of the chart
ska-sdp. */}}
{{- define "ska-sdp-lmc.etcd-storage-class" -}}
{{ .Values.etcd.persistence.storageClass | default .Values.etcd.persistence.storageClassName | default "" }}
{{- end -}}

{{- define "ska-sdp-lmc.etcd-secret" -}}
{{ .Values.etcd.auth.existingSecret | default (printf "%s-users" (include "ska-sdp-lmc.etcd-name" .)) }}
{{- end -}}

{{/* Name of a user of etcd, as in `ska-sdp-lmc secure-etcd users`: systems that share a database have
separate users. Takes (list root part). */}}
{{- define "ska-sdp-lmc.etcd-user" -}}
{{- $prefix := (index . 0).Values.lmc.databasePrefix | trimPrefix "/" | replace "/" "-" -}}
{{ with $prefix }}{{ . }}-{{ end }}{{ index . 1 }}
{{- end -}}

{{/* All users of etcd as a JSON list, root first. */}}
{{- define "ska-sdp-lmc.etcd-users" -}}
{{- $root := . -}}
{{- $users := list "root" -}}
{{- range include "ska-sdp-lmc.servers" . | fromJsonArray -}}
{{- $users = append $users (include "ska-sdp-lmc.etcd-user" (list $root .user)) -}}
{{- end -}}
{{- range list "proccontrol" "helmdeploy" "script" "operator" "stand-in" "dashboard" -}}
{{- $users = append $users (include "ska-sdp-lmc.etcd-user" (list $root .)) -}}
{{- end -}}
{{- toJson $users -}}
{{- end -}}

{{/* Environment with the address of etcd. */}}
{{- define "ska-sdp-lmc.etcd-address" -}}
- name: SDP_CONFIG_HOST
  value: {{ include "ska-sdp-lmc.etcd-endpoints" . | quote }}
{{- if .Values.etcd.tls.enabled }}
- name: SDP_CONFIG_PROTOCOL
  value: https
- name: SDP_CONFIG_CERT
  value: /etc/etcd-tls/ca.crt
{{- if .Values.etcd.tls.clientSecret }}
- name: SDP_CONFIG_CLIENT_CERT
  value: /etc/etcd-tls/tls.crt
- name: SDP_CONFIG_CLIENT_KEY
  value: /etc/etcd-tls/tls.key
{{- end }}
{{- end }}
{{- end -}}

{{/* Environment with address and login of etcd. Takes (list root part). */}}
{{- define "ska-sdp-lmc.etcd-environment" -}}
{{- $root := index . 0 -}}
{{ include "ska-sdp-lmc.etcd-address" $root }}
{{- if $root.Values.etcd.auth.enabled }}
- name: SDP_CONFIG_USERNAME
  value: {{ include "ska-sdp-lmc.etcd-user" . }}
- name: SDP_CONFIG_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "ska-sdp-lmc.etcd-secret" $root | quote }}
      key: {{ include "ska-sdp-lmc.etcd-user" . }}
{{- end }}
{{- end -}}

{{- define "ska-sdp-lmc.tango-host" -}}
{{- if .Values.global.tango_host -}}
{{- .Values.global.tango_host -}}
{{- else -}}
{{- include "ska-sdp-lmc.host" (list . (printf "%s-databaseds" (include "ska-sdp-lmc.fullname" .))) -}}:10000
{{- end -}}
{{- end -}}

{{- define "ska-sdp-lmc.tangodb-secret" -}}
{{ .Values.tangodb.existingSecret | default (printf "%s-tangodb" (include "ska-sdp-lmc.fullname" .)) }}
{{- end -}}

{{/* Environment of MariaDB itself. */}}
{{- define "ska-sdp-lmc.mariadb-server-environment" -}}
- {name: MARIADB_DATABASE, value: tango}
- {name: MARIADB_USER, value: tango}
- name: MARIADB_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ include "ska-sdp-lmc.tangodb-secret" . | quote }}, key: password}
- name: MARIADB_ROOT_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ include "ska-sdp-lmc.tangodb-secret" . | quote }}, key: root-password}
{{- end -}}

{{/* Environment with address and login of MariaDB. */}}
{{- define "ska-sdp-lmc.mariadb-environment" -}}
- name: MYSQL_HOST
  value: {{ include "ska-sdp-lmc.host" (list . (printf "%s-mariadb" (include "ska-sdp-lmc.fullname" .))) }}:3306
- name: MYSQL_USER
  value: tango
- name: MYSQL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "ska-sdp-lmc.tangodb-secret" . | quote }}
      key: password
{{- end -}}

{{/* Data of a Secret with a password per key; existing passwords are kept.
Takes (list root name-of-secret list-of-keys). */}}
{{- define "ska-sdp-lmc.passwords" -}}
{{- $root := index . 0 -}}
{{- $existing := (lookup "v1" "Secret" $root.Release.Namespace (index . 1)).data | default dict -}}
{{- range index . 2 }}
{{ . }}: {{ index $existing . | default (randAlphaNum 32 | b64enc) | quote }}
{{- end }}
{{- end -}}

{{/* Environment of etcdctl, with the login of root if authentication is enabled.
Takes (list root endpoints), the endpoints as host:port,host:port,… */}}
{{- define "ska-sdp-lmc.etcdctl-environment" -}}
{{- $endpoints := index . 1 -}}
{{- with index . 0 -}}
- name: ETCDCTL_API
  value: "3"
- name: ETCDCTL_ENDPOINTS
  value: {{ include "ska-sdp-lmc.etcd-scheme" . }}://{{ $endpoints | replace "," (printf ",%s://" (include "ska-sdp-lmc.etcd-scheme" .)) }}
{{- if .Values.etcd.tls.enabled }}
- name: ETCDCTL_CACERT
  value: /etc/etcd-tls/ca.crt
{{- if .Values.etcd.tls.clientSecret }}
- name: ETCDCTL_CERT
  value: /etc/etcd-tls/tls.crt
- name: ETCDCTL_KEY
  value: /etc/etcd-tls/tls.key
{{- end }}
{{- end }}
{{- if .Values.etcd.auth.enabled }}
- name: ETCDCTL_USER
  value: root
- name: ETCDCTL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "ska-sdp-lmc.etcd-secret" . | quote }}
      key: root
{{- end }}
{{- end -}}
{{- end -}}
