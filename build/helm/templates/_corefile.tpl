{{/* The Corefile: yours, or that of build/kubernetes with the values in it. */}}
{{- define "holdfast.corefile" -}}
{{- if .Values.corefile -}}
{{ .Values.corefile }}
{{- else -}}
{{ .Files.Get "files/Corefile"
  | replace "min_peers 2" (printf "min_peers %d" (sub (int .Values.replicas) 1))
  | replace "example.com" .Values.canary
  | replace "forward . /etc/resolv.conf" (printf "forward . %s" .Values.upstream)
  | replace "cluster.local" .Values.clusterDomain }}
{{- end -}}
{{- end -}}

{{/* A change of the Corefile is another ConfigMap, and so a rollout, which stops at one that
     does not start. */}}
{{- define "holdfast.configmap" -}}
holdfast-{{ include "holdfast.corefile" . | sha256sum | trunc 10 }}
{{- end -}}
