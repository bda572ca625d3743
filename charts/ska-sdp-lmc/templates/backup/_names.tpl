{{/* Environment with the name of the job, which its retries have, too. */}}
{{- define "ska-sdp-lmc.backup-environment" -}}
{{ include "ska-sdp-lmc.pod-field-environment" (list "SDP_BACKUP_JOB" "metadata.labels['batch.kubernetes.io/job-name']") }}
{{- end -}}

{{/* File of the unfinished snapshot of a job: a retry replaces that of the attempt before. */}}
{{- define "ska-sdp-lmc.backup-unfinished" -}}
{{ include "ska-sdp-lmc.etcd-name" . }}-new-$(SDP_BACKUP_JOB)
{{- end -}}

{{/* Command that deletes the oldest snapshots. The names sort by time. The volume may have files of others. */}}
{{- define "ska-sdp-lmc.backup-delete-oldest" -}}
ls | grep -xE '{{ include "ska-sdp-lmc.etcd-name" . }}-[0-9]{8}T[0-9]{6}Z\.db' | head -n -{{ .Values.backup.keep }} | xargs -r rm
{{- end -}}
