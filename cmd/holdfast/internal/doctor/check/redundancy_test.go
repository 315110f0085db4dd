package check_test

// autoscaler keeps the Deployment between two bounds.
func autoscaler(bounds string) string {
	return "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: coredns, namespace: kube-system}\n" +
		"spec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: coredns}\n  " + bounds + "\n---\napiVersion: policy/v1"
}

// proportional scales by the cluster's size, and has its numbers elsewhere.
const proportional = `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns-autoscaler, namespace: kube-system}
spec:
  template:
    spec:
      containers:
      - image: registry.example.org/coredns-autoscaler:1
        command: [/autoscaler, --target=Deployment/coredns]
---
apiVersion: policy/v1`

var onePeer = []string{"min_peers 2", "min_peers 1", peersName, "peers static 192.0.2.9"}

var _ = add("one-replica",
	example{name: "three"},
	example{name: "one", change: append([]string{"replicas: 3", "replicas: 1"}, onePeer...), finds: "there may be as few as 1"},
	example{name: "not written", change: append([]string{"  replicas: 3\n", ""}, onePeer...), finds: "replicas is not set"},
	example{name: "not written, and scaled by size", change: append([]string{"  replicas: 3\n", "", "---\napiVersion: policy/v1", proportional}, onePeer...)},
	example{name: "scaled down to one", change: append([]string{"---\napiVersion: policy/v1", autoscaler("minReplicas: 1\n  maxReplicas: 5")}, onePeer...), finds: "as few as 1"},
	example{name: "scaled down to the default", change: append([]string{"---\napiVersion: policy/v1", autoscaler("maxReplicas: 5")}, onePeer...), finds: "as few as 1"},
	example{name: "scaled up from one", change: append([]string{"replicas: 3", "replicas: 1", "---\napiVersion: policy/v1", autoscaler("minReplicas: 2\n  maxReplicas: 5")}, onePeer...)},
	example{name: "on each node", change: []string{"kind: Deployment", "kind: DaemonSet", "  replicas: 3\n  strategy:\n    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}\n", ""}},
)

// spread is the good manifests' own.
const spread = `      topologySpreadConstraints:
      - topologyKey: kubernetes.io/hostname
        maxSkew: 1
        whenUnsatisfiable: DoNotSchedule
        labelSelector:
          matchLabels: {k8s-app: kube-dns}
`

var _ = add("same-node",
	example{name: "spread"},
	example{name: "neither", change: []string{spread, ""}, finds: "losing one node can mean losing all of them"},
	example{name: "preferably apart", change: []string{spread, `      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - weight: 100
            podAffinityTerm:
              topologyKey: kubernetes.io/hostname
              labelSelector:
                matchExpressions: [{key: k8s-app, operator: In, values: [kube-dns]}]
`}},
	example{name: "apart", change: []string{spread, `      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels: {k8s-app: kube-dns}
`}},
	example{name: "apart from others", change: []string{spread, `      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels: {app: else}
`}, finds: "losing one node can mean losing all of them"},
	example{name: "others spread", change: []string{"        labelSelector:\n          matchLabels: {k8s-app: kube-dns}\n", "        labelSelector:\n          matchLabels: {app: else}\n"}, finds: "one node"},
)

const budget = "metadata: {name: coredns, namespace: kube-system}\nspec:\n  maxUnavailable: 1"

var _ = add("disruption-budget",
	example{name: "one away"},
	example{name: "none", change: []string{"kind: PodDisruptionBudget", "kind: SomethingElse"}, finds: "no PodDisruptionBudget selects the pods"},
	example{name: "of other pods", change: []string{"  maxUnavailable: 1\n  selector:\n    matchLabels: {k8s-app: kube-dns}", "  maxUnavailable: 1\n  selector:\n    matchLabels: {app: else}"}, finds: "no PodDisruptionBudget"},
	example{name: "of another namespace", change: []string{budget, "metadata: {name: coredns, namespace: dns}\nspec:\n  maxUnavailable: 1"}, finds: "no PodDisruptionBudget"},
	example{name: "none away", change: []string{budget, "metadata: {name: coredns, namespace: kube-system}\nspec:\n  maxUnavailable: 0"}, finds: "PodDisruptionBudget coredns allows no eviction with 3 servers"},
	example{name: "all have to be there", change: []string{budget, "metadata: {name: coredns, namespace: kube-system}\nspec:\n  minAvailable: 100%"}, finds: "allows no eviction"},
	example{name: "two have to be there", change: []string{budget, "metadata: {name: coredns, namespace: kube-system}\nspec:\n  minAvailable: 2"}},
)
