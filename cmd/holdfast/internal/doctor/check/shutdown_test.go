package check_test

var _ = add("grace-period",
	example{name: "35 s in 40"},
	example{name: "in 36", change: []string{"PeriodSeconds: 40", "PeriodSeconds: 36"}},
	example{name: "in 35", change: []string{"PeriodSeconds: 40", "PeriodSeconds: 35"},
		finds: "killed 35s after SIGTERM by terminationGracePeriodSeconds, and a shutdown can take 35s: 20s for max_hold, 10s for the lame duck, 5s for closing"},
	example{name: "in the default", change: []string{"terminationGracePeriodSeconds: 40", "enableServiceLinks: false"}, finds: "killed 30s after SIGTERM by default"},
	example{name: "a longer hold", change: []string{"min_peers 2", "min_peers 2\n max_hold 25"}, finds: "25s for max_hold"},
	example{name: "no hold without peers", change: []string{"        peers dns peers.kube-system.svc.cluster.local\n        min_peers 2\n", "", "PeriodSeconds: 40", "PeriodSeconds: 16"}},
	example{name: "no hold of who observes", change: []string{"min_peers 2", "min_peers 2\n observe", "PeriodSeconds: 40", "PeriodSeconds: 16"}},
	example{name: "two lame ducks, one after the other", change: []string{"    ready\n", "    ready\n}\nexample.org {\n  health :8081 {\n    lameduck 6s\n  }\n}\n.:54 {\n"}, finds: "16s for the lame duck"},
	example{name: "a hook that sleeps", change: []string{"        livenessProbe:", "        lifecycle:\n          preStop:\n            sleep: {seconds: 5}\n        livenessProbe:"}, finds: "5s for preStop"},
	example{name: "a command that sleeps", change: []string{"        livenessProbe:", "        lifecycle:\n          preStop:\n            exec: {command: [/bin/sleep, \"5\"]}\n        livenessProbe:"}, finds: "5s for preStop"},
	example{name: "a command that nobody knows", change: []string{"        livenessProbe:", "        lifecycle:\n          preStop:\n            exec: {command: [/bin/true]}\n        livenessProbe:"}},
)

var _ = add("lame-duck",
	example{name: "10 s after 4"},
	example{name: "as long as the notice", change: []string{"periodSeconds: 2", "periodSeconds: 5"}, finds: "the lame duck is 10s, and the readiness probe takes 10s to notice: 2 failures, 5s apart"},
	example{name: "after 9 s", change: []string{"periodSeconds: 2", "periodSeconds: 3", "failureThreshold: 2", "failureThreshold: 3"}},
	example{name: "the probe's defaults", change: []string{"          periodSeconds: 2\n          failureThreshold: 2\n", ""}, finds: "30s to notice: 3 failures, 10s apart"},
	example{name: "none", change: []string{"    health {\n        lameduck 10s\n    }\n", "    health\n"}, finds: "health has no lameduck"},
	example{name: "none of a server outside a cluster", change: []string{"lameduck 10s", "", goodManifests, ""}, finds: "the listeners close before"},
	example{name: "a short one of a server outside a cluster", change: []string{"lameduck 10s", "lameduck 1s", goodManifests, ""}},
	example{name: "of a cache on the node's network", change: []string{"      terminationGrace", "      hostNetwork: true\n      terminationGrace", "periodSeconds: 2", "periodSeconds: 20",
		"apiVersion: v1\nkind: Service", "apiVersion: v1\nkind: Nothing"}},
	example{name: "on the node's network behind a Service", change: []string{"      terminationGrace", "      hostNetwork: true\n      terminationGrace", "periodSeconds: 2", "periodSeconds: 20"}, finds: "40s to notice"},
)

var _ = add("rollout",
	example{name: "one more first"},
	example{name: "one of three away", change: []string{"{maxSurge: 1, maxUnavailable: 0}", "{maxSurge: 0, maxUnavailable: 1}"}},
	example{name: "two of three away", change: []string{"{maxSurge: 1, maxUnavailable: 0}", "{maxSurge: 0, maxUnavailable: 2}"}, finds: "end 2 of 3 servers at once, and min_peers says that 2 have to stay"},
	example{name: "all away", change: []string{"{maxSurge: 1, maxUnavailable: 0}", "{maxUnavailable: 100%}"}, finds: "end 3 of 3 servers before a new one is ready"},
	example{name: "none and none is one", change: []string{"{maxSurge: 1, maxUnavailable: 0}", "{maxSurge: 0%, maxUnavailable: 0%}", "replicas: 3", "replicas: 4", "min_peers 2", "min_peers 3"}},
	example{name: "the defaults", change: []string{"    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}", "    type: RollingUpdate"}},
	example{name: "all at once", change: []string{"    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}", "    type: Recreate"}, finds: "Recreate ends every server"},
)
