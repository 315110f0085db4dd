// Package manifest reads Kubernetes' objects from YAML and JSON, and finds in them the
// workloads that run CoreDNS, with what selects their pods and the Corefile that they mount.
package manifest

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/yaml"
)

// Objects are the objects of all manifests.
type Objects struct {
	Workloads   []Workload
	Services    []*corev1.Service
	Budgets     []*policyv1.PodDisruptionBudget
	Autoscalers []*autoscalingv2.HorizontalPodAutoscaler
	ConfigMaps  []*corev1.ConfigMap
	Roles       []*rbacv1.Role

	// Odd are fields that the API does not have, and such that are given twice, as
	// "deployment.yaml:1: unknown field ...". Kubernetes ignores them, unless it refuses.
	Odd []string

	// Ignored counts objects of other kinds, such as "apps/v1 ReplicaSet".
	Ignored map[string]int
}

// scheme has the kinds that are looked at: with those of client-go all others would be
// linked into the command.
var scheme = runtime.NewScheme()

func init() {
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
}

// strictly reports fields that the API does not have and fields that are given twice.
var strictly = serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()

// Add reads one file, of documents in YAML or JSON, which may be Lists. An error names the
// file and line.
func (o *Objects) Add(file string, text []byte) error {
	for _, d := range documentsOf(text) {
		if err := o.addDocument(file, d); err != nil {
			return err
		}
	}
	return nil
}

// document is one of a file.
type document struct {
	text []byte
	line int // of the file, at which it begins
}

var separator = regexp.MustCompile(`(?m)^---(?:[ \t].*)?\r?\n?`)

func documentsOf(text []byte) (found []document) {
	add := func(from, to int) {
		d := document{text[from:to], 1 + bytes.Count(text[:from], []byte("\n"))}
		for { // an error about the first line should not be of the blank ones before it
			line, rest, ok := bytes.Cut(d.text, []byte("\n"))
			if line = bytes.TrimSpace(line); !ok || len(line) > 0 && line[0] != '#' {
				break
			}
			d = document{rest, d.line + 1}
		}
		found = append(found, d)
	}
	from := 0
	for _, at := range separator.FindAllIndex(text, -1) {
		add(from, at[0])
		from = at[1]
	}
	add(from, len(text))
	return found
}

var yamlLine = regexp.MustCompile(`^(?:error converting YAML to JSON: )?(?:yaml: )?(?:unmarshal errors:\s+)?line (\d+): `)

func (o *Objects) addDocument(file string, d document) error {
	failed := func(format string, args ...any) error {
		line, said := d.line, fmt.Sprintf(format, args...)
		if m := yamlLine.FindStringSubmatch(said); m != nil {
			n, _ := strconv.Atoi(m[1])
			line, said = d.line+n-1, said[len(m[0]):]
			if strings.HasPrefix(said, "did not find expected ") { // go-yaml counts these from 0
				line++
			}
		}
		return fmt.Errorf("%s:%d: %s", file, line, said)
	}
	text, err := yaml.YAMLToJSON(d.text)
	if err != nil {
		return failed("%v", err)
	}
	if string(text) == "null" {
		return nil
	}
	var kind runtime.TypeMeta
	if err := yaml.Unmarshal(text, &kind); err != nil || kind.Kind == "" || kind.APIVersion == "" {
		return failed("no apiVersion and kind: want manifests of Kubernetes")
	}
	switch kind.Kind {
	case "Kustomization", "Component":
		return failed("a %s is not rendered here: pipe kubectl kustomize into holdfast doctor -", kind.Kind)
	}
	object, of, err := strictly.Decode(d.text, nil, nil) // not the JSON, in which nothing is given twice any more
	switch {
	case runtime.IsNotRegisteredError(err):
		o.ignore(kind.APIVersion, kind.Kind)
		return nil
	case runtime.IsStrictDecodingError(err) && object != nil:
		strict, _ := runtime.AsStrictDecodingError(err)
		for _, e := range strict.Errors() {
			o.Odd = append(o.Odd, failed("%v", e).Error())
		}
	case err != nil:
		return failed("%s: %v", kind.Kind, err)
	}
	if list, ok := object.(*corev1.List); ok {
		for i, item := range list.Items {
			if err := o.addDocument(fmt.Sprintf("%s, item %d", file, i), document{item.Raw, d.line}); err != nil {
				return err
			}
		}
		return nil
	}
	if meta.IsListType(object) {
		items, err := meta.ExtractList(object)
		if err != nil {
			return failed("%s: %v", of.Kind, err)
		}
		for _, item := range items {
			o.add(item, kind)
		}
		return nil
	}
	o.add(object, kind)
	return nil
}

func (o *Objects) ignore(apiVersion, kind string) {
	if o.Ignored == nil {
		o.Ignored = make(map[string]int)
	}
	o.Ignored[apiVersion+" "+kind]++
}

func (o *Objects) add(object runtime.Object, kind runtime.TypeMeta) {
	switch object := object.(type) {
	case *appsv1.Deployment:
		o.Workloads = append(o.Workloads, Workload{Kind: "Deployment", ObjectMeta: object.ObjectMeta,
			Replicas: object.Spec.Replicas, Pod: object.Spec.Template, Strategy: &object.Spec.Strategy})
	case *appsv1.StatefulSet:
		o.Workloads = append(o.Workloads, Workload{Kind: "StatefulSet", ObjectMeta: object.ObjectMeta,
			Replicas: object.Spec.Replicas, Pod: object.Spec.Template})
	case *appsv1.DaemonSet:
		o.Workloads = append(o.Workloads, Workload{Kind: "DaemonSet", ObjectMeta: object.ObjectMeta, Pod: object.Spec.Template})
	case *batchv1.CronJob:
		o.Workloads = append(o.Workloads, Workload{Kind: "CronJob", ObjectMeta: object.ObjectMeta, Pod: object.Spec.JobTemplate.Spec.Template})
	case *corev1.Service:
		o.Services = append(o.Services, object)
	case *corev1.ConfigMap:
		o.ConfigMaps = append(o.ConfigMaps, object)
	case *policyv1.PodDisruptionBudget:
		o.Budgets = append(o.Budgets, object)
	case *autoscalingv2.HorizontalPodAutoscaler:
		o.Autoscalers = append(o.Autoscalers, object)
	case *rbacv1.Role:
		o.Roles = append(o.Roles, object)
	default:
		o.ignore(kind.APIVersion, kind.Kind)
	}
}
