package check_test

// What has no finding at all.
const (
	goodCorefile = `.:53 {
    health {
        lameduck 10s
    }
    ready
    selfpreserve :8182 {
        peers dns peers.kube-system.svc.cluster.local
        min_peers 2
        canary kubernetes.default.svc.cluster.local
        canary example.com
    }
    stalecheck cluster.local {
        heartbeat heartbeat.kube-system.svc.cluster.local
    }
    kubernetes cluster.local in-addr.arpa
    cache 30 {
        disable success cluster.local example.com
        disable denial cluster.local example.com
    }
    forward . 192.0.2.1
}
`
	goodManifests = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: coredns
  namespace: kube-system
  labels: {k8s-app: kube-dns}
spec:
  replicas: 3
  strategy:
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels: {k8s-app: kube-dns}
  template:
    metadata:
      labels: {k8s-app: kube-dns}
    spec:
      terminationGracePeriodSeconds: 40
      topologySpreadConstraints:
      - topologyKey: kubernetes.io/hostname
        maxSkew: 1
        whenUnsatisfiable: DoNotSchedule
        labelSelector:
          matchLabels: {k8s-app: kube-dns}
      containers:
      - name: coredns
        image: registry.example.org/holdfast:0.1.0
        args: [-conf, /etc/coredns/Corefile]
        ports:
        - {name: ready, containerPort: 8182}
        - {name: health, containerPort: 8080}
        readinessProbe:
          httpGet: {path: /ready, port: ready}
          periodSeconds: 2
          failureThreshold: 2
        livenessProbe:
          httpGet: {path: /health, port: health}
        volumeMounts:
        - {name: config, mountPath: /etc/coredns}
      volumes:
      - name: config
        configMap: {name: coredns}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: coredns, namespace: kube-system}
spec:
  maxUnavailable: 1
  selector:
    matchLabels: {k8s-app: kube-dns}
---
apiVersion: v1
kind: Service
metadata: {name: peers, namespace: kube-system}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {k8s-app: kube-dns}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: writer, namespace: kube-system}
rules:
- apiGroups: [""]
  resources: [services]
  resourceNames: [heartbeat]
  verbs: [patch]
`
)
