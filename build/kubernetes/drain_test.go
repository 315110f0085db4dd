package kubernetes

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// drained is how many pods the fullest host has after each host was cordoned, drained and
// opened again, and how many replacements had to wait for that.
func drained(t *testing.T, d *appsv1.Deployment, hosts int) (fullest, waited int) {
	t.Helper()
	c := &cluster{t: t, closed: make([]bool, hosts)}
	for range *d.Spec.Replicas {
		c.place(d, "a")
	}
	for host := range hosts {
		c.closed[host] = true
		var left []*placed
		evicted := 0
		for _, p := range c.pods {
			if p.host == host {
				evicted++
			} else {
				left = append(left, p)
			}
		}
		c.pods = left
		pending := 0
		for range evicted {
			if !c.place(d, "a") {
				pending++
			}
		}
		c.closed[host] = false
		for range pending {
			waited++
			if !c.place(d, "a") {
				t.Fatal("a pod is pending though all hosts are open")
			}
		}
	}
	for host := range hosts {
		fullest = max(fullest, len(c.on(host)))
	}
	return fullest, waited
}

func TestDrainsLeaveOneServerOnEachHost(t *testing.T) {
	_, d, _, _ := server(t)
	if fullest, waited := drained(t, d, 3); fullest != 1 || waited != 3 {
		t.Errorf("on three hosts one ends with %d, and %d waited", fullest, waited)
	}
	if fullest, waited := drained(t, d, 4); fullest != 1 || waited != 0 {
		t.Errorf("on four hosts one ends with %d, and %d waited", fullest, waited)
	}
	// Why the manifest does not say Honor.
	honor := corev1.NodeInclusionPolicyHonor
	d.Spec.Template.Spec.TopologySpreadConstraints[0].NodeTaintsPolicy = &honor
	if fullest, waited := drained(t, d, 3); fullest != 2 || waited != 0 {
		t.Errorf("with Honor one host ends with %d, and %d waited: is it the better choice?", fullest, waited)
	}
}

// More servers than hosts, as the README's overlay may say.
func TestHostsAreSharedWhileAllAreOpen(t *testing.T) {
	_, d, _, _ := server(t)
	for closed, want := range []int{5, 3} {
		c := &cluster{t: t, closed: append(make([]bool, 3), make([]bool, closed)...)}
		for host := 3; host < len(c.closed); host++ {
			c.closed[host] = true
		}
		for range 5 {
			c.place(d, "a")
		}
		if len(c.pods) != want {
			t.Errorf("%d of 5 are placed on 3 hosts beside %d closed, want %d", len(c.pods), closed, want)
		}
	}
}
