"""A namespace with all fifteen kinds in it, made by the real control plane on a clock that jumps."""

from __future__ import annotations

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery import manifests
from gitopslab.machinery.objects import Object, copy_of
from gitopslab.views.relations import KINDS

SHOP = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web-config, namespace: shop}
data: {GREETING: hello, COLOUR: blue}
---
apiVersion: v1
kind: Secret
metadata: {name: db-password, namespace: shop}
stringData: {password: secret}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
  - host: shop.test
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        envFrom: [{configMapRef: {name: web-config}}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  clusterIP: None
  selector: {app: db}
  ports: [{port: 5432}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: db
        image: postgres:17
        env:
        - name: POSTGRES_PASSWORD
          valueFrom: {secretKeyRef: {name: db-password, key: password}}
        volumeMounts: [{name: data, mountPath: /var/lib/postgresql}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers: [{name: agent, image: "busybox:1.37", command: [sleep, infinity]}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: report, image: "busybox:1.37", command: [sleep, "5"]}]
"""
BROKEN = """
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  selector: {app: api-server}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Pod
metadata: {name: lonely, namespace: shop, labels: {app: lonely}}
spec:
  containers:
  - name: main
    image: nginx:1.27
    envFrom: [{secretRef: {name: api-key}}]
"""


def apply(plane: ControlPlane, text: str) -> None:
    """Create what the manifests say."""
    for obj in manifests.objects(text):
        plane.api.create(obj)
        if obj["kind"] == "Namespace":
            plane.settle()  # its service account must be there before its pods


def objects_of(plane: ControlPlane) -> dict[str, list[Object]]:
    """All objects a graph follows, by plural."""
    named = {"ingresses": "ingresses.networking.k8s.io", "storageclasses": "storageclasses.storage.k8s.io"}
    apps = ("deployments", "statefulsets", "daemonsets", "replicasets")
    named |= {kind: f"{kind}.apps" for kind in apps} | {kind: f"{kind}.batch" for kind in ("cronjobs", "jobs")}
    return {kind: [copy_of(obj) for obj in plane.api.list(named.get(kind, kind))] for kind in (*KINDS, "events")}
