package check

import (
	"regexp"
	"strings"
	"time"
)

// ofCoreDNS are tags that kubeadm takes for a version of CoreDNS.
var ofCoreDNS = regexp.MustCompile(`^v?1\.\d+\.\d+$`)

// kubeadmUpgrade is about the Deployment that kubeadm knows, with something else in it.
func kubeadmUpgrade(s *Server, say sayer) bool {
	w := s.Workload
	if w == nil || s.Corefile == nil || !s.Corefile.IsHoldfast ||
		w.Kind != "Deployment" || w.Name != "coredns" || w.Namespace != "kube-system" && w.Namespace != "" || w.Labels["k8s-app"] != "kube-dns" {
		return false
	}
	image, _, isDigest := strings.Cut(w.Container.Image, "@")
	_, tag, isTagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	switch {
	case ofCoreDNS.MatchString(tag):
		say("the image's tag, %s, is one of CoreDNS's: kubeadm upgrade replaces Holdfast with its own CoreDNS", tag)
	case !isTagged && isDigest:
		say("the image has a digest and no tag: kubeadm upgrade mistakes it for some version of CoreDNS, and replaces it with its own")
	}
	return true
}

// A certificate is near its end in the last 30 days, and one that is renewed more often
// than every three months in the last third of its life: then its renewal is late.
const nearEnd = 30 * 24 * time.Hour

func certificateExpiry(in *Input, say sayer) bool {
	var all []Certificate
	for _, s := range in.Servers {
		all = append(all, s.Certificates...)
	}
	if in.Live != nil {
		for _, s := range in.Live.Servers {
			all = append(all, s.Certificates...)
		}
	}
	for _, c := range all {
		left := c.NotAfter.Sub(in.Now)
		switch end := c.NotAfter.UTC().Format(time.DateTime); {
		case left <= 0:
			say("%s: expired at %s UTC", c.Of, end)
		case in.Now.Before(c.NotBefore):
			say("%s: is not valid before %s UTC", c.Of, c.NotBefore.UTC().Format(time.DateTime))
		case left < min(nearEnd, c.NotAfter.Sub(c.NotBefore)/3):
			say("%s: expires in %s, at %s UTC", c.Of, left.Round(time.Hour), end)
		}
	}
	return len(all) > 0
}

func manifestFields(in *Input, say sayer) bool {
	applies := false
	for _, s := range in.Servers {
		applies = applies || s.Workload != nil
	}
	for _, odd := range in.Odd {
		say("%s", odd)
	}
	return applies || len(in.Odd) > 0
}
