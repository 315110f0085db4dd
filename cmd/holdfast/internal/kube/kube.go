// Package kube asks a Kubernetes API server for what the command needs of it: pods by label,
// what a pod answers, and one Service. It has no client for any other kind, which would double the program's size.
package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/spf13/pflag"
)

// Access says how to find the API server: as kubectl does, or as a pod does.
type Access struct {
	Kubeconfig, Context string // "" for KUBECONFIG, ~/.kube/config or the pod's own account
}

// AddFlags adds --kubeconfig and --context, with kubectl's meaning.
func (a *Access) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&a.Kubeconfig, "kubeconfig", "", "kubectl's configuration `FILE`, instead of KUBECONFIG, ~/.kube/config or the pod's own account")
	flags.StringVar(&a.Context, "context", "", "`NAME` of a context in it")
}

// Client asks one API server.
type Client struct{ core *rest.RESTClient }

// Connect returns a client whose requests take at most timeout. It asks nothing yet.
func (a *Access) Connect(timeout time.Duration) (*Client, error) {
	quiet()
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = a.Kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: a.Context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("no access to Kubernetes: %w", err)
	}
	config.Timeout = timeout
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return bounded{next} })
	config.APIPath, config.GroupVersion = "/api", &corev1.SchemeGroupVersion
	config.UserAgent = "holdfast"
	config.QPS = -1 // a fleet is asked at once; client-go's own limit is 5 a second
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	metav1.AddToGroupVersion(scheme, corev1.SchemeGroupVersion)
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	core, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("no access to Kubernetes: %w", err)
	}
	return &Client{core}, nil
}

// Pods returns the pods of a namespace that a label selector, such as k8s-app=kube-dns, finds.
func (c *Client) Pods(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := c.core.Get().Namespace(namespace).Resource("pods").Param("labelSelector", selector).Do(ctx).Into(&pods)
	return pods.Items, inShort(err)
}

// Raw returns what the API server has at a path, in JSON.
func (c *Client) Raw(ctx context.Context, path string) ([]byte, error) {
	result := c.core.Get().AbsPath(path).Do(ctx)
	if err := result.Error(); err != nil { // Raw's own does not have the server's words
		return nil, inShort(err)
	}
	return result.Raw()
}

// ProxyGet asks a pod for a path through the API server. pod is its name, with a scheme and a
// port as in "https:coredns-1:8182". Whoever gets the body has to close it.
func (c *Client) ProxyGet(ctx context.Context, namespace, pod, path string) (io.ReadCloser, error) {
	return c.core.Get().Namespace(namespace).Resource("pods").Name(pod).SubResource("proxy").Suffix(path).Stream(ctx)
}

// Service returns a Service.
func (c *Client) Service(ctx context.Context, namespace, name string) (*corev1.Service, error) {
	service := new(corev1.Service)
	return service, inShort(c.core.Get().Namespace(namespace).Resource("services").Name(name).Do(ctx).Into(service))
}

// PatchService changes a Service by a merge patch (RFC 7386).
func (c *Client) PatchService(ctx context.Context, namespace, name string, patch []byte) error {
	return inShort(c.core.Patch(types.MergePatchType).Namespace(namespace).Resource("services").Name(name).Body(patch).Do(ctx).Error())
}
