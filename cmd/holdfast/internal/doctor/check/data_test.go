package check_test

var _ = add("canary-cached",
	example{name: "neither kind of answer"},
	example{name: "all", change: []string{"    cache 30 {\n        disable success cluster.local example.com\n        disable denial cluster.local example.com\n    }\n", "",
		"    forward . 192.0.2.1\n}\n", "    forward . 192.0.2.1\n}\nexample.com {\n    cache\n    whoami\n}\n"}, finds: "canary example.com: cache at Corefile:19 has no disable success and no disable denial for it"},
	example{name: "denials", change: []string{"        disable denial cluster.local example.com\n", "        disable denial cluster.local\n"}, finds: "canary example.com: cache at Corefile:16 has no disable denial for it"},
	example{name: "successes", change: []string{"disable success cluster.local example.com", "disable success example.com"}, finds: "canary kubernetes.default.svc.cluster.local: cache at Corefile:16 has no disable success"},
	example{name: "of other zones", change: []string{"cache 30 {\n        disable success cluster.local example.com\n        disable denial cluster.local example.com\n    }", "cache 30 example.org"}},
	example{name: "none of any zone", change: []string{"        disable success cluster.local example.com\n        disable denial cluster.local example.com\n", "disable success\ndisable denial\n"}},
	example{name: "of another port", change: []string{"    forward . 192.0.2.1\n}\n", "    forward . 192.0.2.1\n}\nexample.com:54 {\n    cache\n    whoami\n}\n"}},
	example{name: "of another transport", change: []string{"    forward . 192.0.2.1\n}\n", "    forward . 192.0.2.1\n}\ntls://example.com:53 {\n    cache\n    whoami\n}\n"}},
)

const role = `kind: Role
metadata: {name: writer, namespace: kube-system}
rules:
- apiGroups: [""]
  resources: [services]
  resourceNames: [heartbeat]
  verbs: [patch]
`

// cronJob runs a verb of holdfast's.
func cronJob(verb string) string {
	return `apiVersion: batch/v1
kind: CronJob
metadata: {name: heartbeat, namespace: kube-system}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - command: [/holdfast, ` + verb + `]
            image: registry.example.org/holdfast
`
}

const noWriter = "nothing here writes Service kube-system/heartbeat: without a writer the age of the zone is unknown"

var _ = add("heartbeat-writer",
	example{name: "who may patch it"},
	example{name: "nobody", change: []string{role, "kind: Nothing\n"}, finds: noWriter},
	example{name: "who may read it", change: []string{"verbs: [patch]", "verbs: [get]"}, finds: noWriter},
	example{name: "who may patch another", change: []string{"resourceNames: [heartbeat]", "resourceNames: [other]"}, finds: noWriter},
	example{name: "who may patch all", change: []string{"  resourceNames: [heartbeat]\n", ""}},
	example{name: "who may patch other things", change: []string{"resources: [services]", "resources: [pods]"}, finds: noWriter},
	example{name: "elsewhere", change: []string{"metadata: {name: writer, namespace: kube-system}", "metadata: {name: writer, namespace: dns}"}, finds: noWriter},
	example{name: "the command", change: []string{"apiVersion: rbac.authorization.k8s.io/v1\n" + role, cronJob("heartbeat, heartbeat.kube-system.svc.cluster.local, --kubernetes")}},
	example{name: "the command for another Service", change: []string{"apiVersion: rbac.authorization.k8s.io/v1\n" + role, cronJob("heartbeat, heartbeat.dns.svc.cluster.local, --kubernetes")}, finds: noWriter},
	example{name: "another command", change: []string{"apiVersion: rbac.authorization.k8s.io/v1\n" + role, cronJob("status, heartbeat.kube-system.svc.cluster.local")}, finds: noWriter},
	example{name: "in a namespace that is not there", change: []string{"heartbeat heartbeat.kube-system.svc", "heartbeat heartbeat.other.svc"}},
	example{name: "a name that is written elsewhere", change: []string{"heartbeat heartbeat.kube-system.svc.cluster.local", "heartbeat heartbeat.example.org", role, "kind: Nothing\n"}},
)
