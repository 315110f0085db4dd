package manifest

import (
	"path"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Mounted is a file of a ConfigMap as a container sees it, beside all others that it sees.
type Mounted struct {
	Path  string            // in the container
	From  string            // as "ConfigMap kube-system/coredns"
	Files map[string]string // by path in the container, this file too
}

// corefileOf is the Corefile that a container reads.
func (o *Objects) corefileOf(w *Workload, c *corev1.Container) *Mounted {
	at, ok := confOf(c)
	if !ok {
		at = "/Corefile" // where CoreDNS looks, in an image whose working directory is /
	}
	if !path.IsAbs(at) {
		at = path.Join("/", c.WorkingDir, at)
	}
	m := Mounted{Path: path.Clean(at), Files: make(map[string]string)}
	for _, mount := range c.VolumeMounts {
		for _, volume := range w.Pod.Spec.Volumes {
			if volume.Name != mount.Name {
				continue
			}
			for from, files := range o.filesOf(w, volume.VolumeSource) {
				for name, text := range files {
					in := path.Join(mount.MountPath, name)
					if mount.SubPath != "" {
						if name != mount.SubPath {
							continue
						}
						in = path.Clean(mount.MountPath)
					}
					m.Files[in] = withEnvironment(text, c.Env)
					if in == m.Path {
						m.From = from
					}
				}
			}
		}
	}
	if m.From == "" {
		return nil
	}
	return &m
}

// filesOf are the files of a volume's ConfigMaps, by the ConfigMap's name and their own.
func (o *Objects) filesOf(w *Workload, v corev1.VolumeSource) map[string]map[string]string {
	all := make(map[string]map[string]string)
	add := func(name string, items []corev1.KeyToPath) {
		for _, m := range o.ConfigMaps {
			if m.Name != name || !SameNamespace(m.Namespace, w.Namespace) {
				continue
			}
			files := m.Data
			if len(items) > 0 {
				files = make(map[string]string)
				for _, item := range items {
					if text, ok := m.Data[item.Key]; ok {
						files[item.Path] = text
					}
				}
			}
			all["ConfigMap "+strings.TrimPrefix(m.Namespace+"/"+m.Name, "/")] = files
		}
	}
	if v.ConfigMap != nil {
		add(v.ConfigMap.Name, v.ConfigMap.Items)
	}
	if v.Projected != nil {
		for _, source := range v.Projected.Sources {
			if source.ConfigMap != nil {
				add(source.ConfigMap.Name, source.ConfigMap.Items)
			}
		}
	}
	return all
}

var environment = regexp.MustCompile(`\{\$([^}]*)\}|\{%([^%]*)%\}`)

// withEnvironment puts in what the container's environment is known to be.
func withEnvironment(text string, env []corev1.EnvVar) string {
	return environment.ReplaceAllStringFunc(text, func(reference string) string {
		m := environment.FindStringSubmatch(reference)
		for _, e := range env {
			if (e.Name == m[1] || e.Name == m[2]) && e.ValueFrom == nil {
				return e.Value
			}
		}
		return reference
	})
}
