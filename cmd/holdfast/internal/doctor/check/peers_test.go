package check_test

const peersName = "peers dns peers.kube-system.svc.cluster.local"

var _ = add("min-peers",
	example{name: "two of two"},
	example{name: "three of two", change: []string{"min_peers 2", "min_peers 3"}, finds: "min_peers is 3, but with 3 replicas each has 2 peers"},
	example{name: "one of none", change: []string{"min_peers 2", "", "replicas: 3", "replicas: 1", "kind: Deployment", "kind: StatefulSet", "  strategy:\n    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}\n", ""}, also: "one-replica", finds: "min_peers is 1, but with 1 replica each has 0 peers"},
	example{name: "and static ones", change: []string{"min_peers 2", "min_peers 3\n peers static 192.0.2.9"}},
	example{name: "static, three with this one", change: []string{goodManifests, "", peersName, "peers static 192.0.2.11 192.0.2.12 192.0.2.13:8182", "selfpreserve :8182", "selfpreserve 192.0.2.13:8182"}},
	example{name: "static, two with this one", change: []string{goodManifests, "", peersName, "peers static 192.0.2.11 192.0.2.12", "selfpreserve :8182", "selfpreserve 192.0.2.11:8182"}, finds: "min_peers is 2, but peers static lists 1 other server"},
	example{name: "on each node", change: []string{"min_peers 2", "min_peers 9", "kind: Deployment", "kind: DaemonSet", "  replicas: 3\n  strategy:\n    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}\n", ""}},
)

var _ = add("min-peers-percentage",
	example{name: "half", change: []string{"min_peers 2", "min_peers 50%"}},
	example{name: "more than half", change: []string{"min_peers 2", "min_peers 2 51%"}, finds: "min_peers is 51%"},
	example{name: "of addresses that stay", change: []string{"min_peers 2", "min_peers 100%", goodManifests, ""}},
)

var _ = add("peers-service",
	example{name: "headless and whole"},
	example{name: "only who is ready", change: []string{"publishNotReadyAddresses: true", "sessionAffinity: None"}, finds: "Service peers leaves out servers that are not ready"},
	example{name: "with an address", change: []string{"clusterIP: None", "clusterIP: 10.96.0.11"}, finds: "Service peers is not headless"},
	example{name: "of other pods", change: []string{"publishNotReadyAddresses: true\n  selector: {k8s-app: kube-dns}", "publishNotReadyAddresses: true\n  selector: {app: else}"}, finds: "does not select the pods of Deployment kube-system/coredns"},
	example{name: "of none", change: []string{"publishNotReadyAddresses: true\n  selector: {k8s-app: kube-dns}", "publishNotReadyAddresses: true"}, finds: "does not select the pods"},
	example{name: "of all, which Kubernetes takes for none", change: []string{"publishNotReadyAddresses: true\n  selector: {k8s-app: kube-dns}", "publishNotReadyAddresses: true\n  selector: {}"}, finds: "does not select the pods"},
	example{name: "of another name", change: []string{"metadata: {name: peers, ", "metadata: {name: servers, "}, finds: "there is no Service kube-system/peers"},
	example{name: "in another namespace", change: []string{"metadata: {name: peers, namespace: kube-system}", "metadata: {name: peers, namespace: dns}"}, finds: "there is no Service kube-system/peers"},
	example{name: "no Service at all in the manifests", change: []string{"apiVersion: v1\nkind: Service", "apiVersion: v1\nkind: Nothing"}},
	example{name: "in a namespace that is not there", change: []string{peersName, "peers dns peers.other.svc.cluster.local"}},
	example{name: "a name of elsewhere", change: []string{peersName, "peers dns servers.example.org"}},
)
