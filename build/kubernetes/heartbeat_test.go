package kubernetes

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// kustomize loads no file from outside its folder, so there are two of this one, too.
func TestTheHeartbeatIsThatOfTheExample(t *testing.T) {
	const example = "../../corefile-examples/kubernetes-heartbeat/heartbeat.yaml"
	if read(t, "heartbeat.yaml") != read(t, example) {
		t.Errorf("heartbeat.yaml is not %s: copy it", example)
	}
}

// Whoever takes the writer over can change the heartbeat and nothing else.
func TestTheWriterMayWriteItsOwnServiceAlone(t *testing.T) {
	all, _, _, b := server(t)
	d := get[*appsv1.Deployment](t, all, "Deployment heartbeat")
	role := get[*rbacv1.Role](t, all, "Role heartbeat")
	want := []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"services"}, ResourceNames: []string{"heartbeat"}, Verbs: []string{"get", "patch"}}}
	if !equality.Semantic.DeepEqual(role.Rules, want) {
		t.Errorf("it may %+v, want %+v", role.Rules, want)
	}
	account := d.Spec.Template.Spec.ServiceAccountName
	for name, object := range all {
		var subjects []rbacv1.Subject
		switch o := object.(type) {
		case *rbacv1.RoleBinding:
			subjects = o.Subjects
		case *rbacv1.ClusterRoleBinding:
			subjects = o.Subjects
		}
		if given := slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool { return s.Name == account }); given != (name == "RoleBinding heartbeat") {
			t.Errorf("%s gives its rights to %q: %t", name, account, given)
		}
	}
	service := get[*corev1.Service](t, all, "Service heartbeat")
	name := b.word("stalecheck", "heartbeat")
	if own := service.Name + "." + service.Namespace + ".svc." + b.words("kubernetes")[0]; name != own || !slices.Contains(d.Spec.Template.Spec.Containers[0].Args, name) {
		t.Errorf("the servers read %s, the Service is %s, and the writer does %q", name, own, d.Spec.Template.Spec.Containers[0].Args)
	}
}

// A cluster whose nodes take the servers takes the writers as well.
func TestTheWritersRunWhereTheServersMay(t *testing.T) {
	all, d, c, _ := server(t)
	servers, writer := d.Spec.Template.Spec, get[*appsv1.Deployment](t, all, "Deployment heartbeat").Spec.Template.Spec
	if !equality.Semantic.DeepEqual(servers.Tolerations, writer.Tolerations) || !equality.Semantic.DeepEqual(servers.NodeSelector, writer.NodeSelector) {
		t.Errorf("the servers tolerate %+v on %v, the writers %+v on %v", servers.Tolerations, servers.NodeSelector, writer.Tolerations, writer.NodeSelector)
	}
	if w := writer.Containers[0]; w.Image != c.Image || w.Resources.Limits.Memory().IsZero() {
		t.Errorf("the servers have image %s, the writers %s with %+v", c.Image, w.Image, w.Resources)
	}
}
