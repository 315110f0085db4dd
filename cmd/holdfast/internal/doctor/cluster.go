package doctor

import (
	"context"
	"fmt"
	"path"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/manifest"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/kube"
)

// cluster is where objects are read that are deployed.
type cluster struct {
	kube.Access
	wanted    bool
	namespace string
}

// lists are the resources of a namespace that are looked at.
var lists = []struct{ api, resource string }{
	{"/apis/apps/v1", "deployments"}, {"/apis/apps/v1", "daemonsets"}, {"/apis/apps/v1", "statefulsets"},
	{"/api/v1", "configmaps"}, {"/api/v1", "services"},
	{"/apis/policy/v1", "poddisruptionbudgets"},
	{"/apis/autoscaling/v2", "horizontalpodautoscalers"},
	{"/apis/rbac.authorization.k8s.io/v1", "roles"},
	{"/apis/batch/v1", "cronjobs"},
}

// read adds what the namespace has. That one list may not be read is an error: what is in it
// would be taken for missing.
func (c *cluster) read(ctx context.Context, into *manifest.Objects, timeout time.Duration) error {
	client, err := c.Connect(timeout)
	if err != nil {
		return err
	}
	odd := into.Odd
	for _, l := range lists {
		text, err := client.Raw(ctx, path.Join(l.api, "namespaces", c.namespace, l.resource))
		if err != nil {
			return fmt.Errorf("reading the %s of %s: %w", l.resource, c.namespace, err)
		}
		if err := into.Add("Kubernetes, "+l.resource, text); err != nil {
			return err
		}
	}
	into.Odd = odd // a field that is only new here is no finding
	return nil
}
