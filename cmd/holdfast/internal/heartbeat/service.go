package heartbeat

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/kube"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// serviceWriter writes the target of an ExternalName Service, which cluster DNS answers with
// as a CNAME record. It needs the verbs get and patch of this Service.
type serviceWriter struct {
	client          *kube.Client
	namespace, name string
}

func (s *serviceWriter) String() string { return "Service " + s.namespace + "/" + s.name }

// Write patches the Service, on condition that it still is the version that was read.
func (s *serviceWriter) Write(ctx context.Context, now time.Time) error {
	return unlessOvertaken(func() error {
		before, err := s.client.Service(ctx, s.namespace, s.name)
		if err != nil {
			return fmt.Errorf("reading %s: %w", s, err)
		}
		if before.Spec.Type != corev1.ServiceTypeExternalName {
			return fmt.Errorf("%s has type %s: want ExternalName", s, before.Spec.Type)
		}
		switch at, reason := verdict.ReadHeartbeat(nil, []string{before.Spec.ExternalName}, now); {
		case verdict.Unwritten(before.Spec.ExternalName):
		case reason == verdict.NoHeartbeat:
			return noHeartbeat(s.String(), before.Spec.ExternalName)
		case reason == verdict.Clock:
			return ahead(s.String(), nil, []string{before.Spec.ExternalName}, now)
		case reason == "" && !at.Before(now.Truncate(time.Second)):
			return nil
		}
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]string{"resourceVersion": before.ResourceVersion},
			"spec":     map[string]string{"externalName": fmt.Sprintf("t%d.heartbeat.invalid", now.Unix())},
		})
		if err != nil {
			return err
		}
		err = s.client.PatchService(ctx, s.namespace, s.name, patch)
		if apierrors.IsConflict(err) {
			return errOvertaken
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", s, err)
		}
		return nil
	})
}
