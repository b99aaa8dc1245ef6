#!/usr/bin/env bash
# Puts MinIO with its buckets into the cluster (the one-node cluster, or CONTEXT's), or
# returns at once when it is there. Usage: up.sh
# shellcheck source=../cluster/common.sh
. "${BASH_SOURCE[0]%/*}/../cluster/common.sh"
STORE=$(cd "${BASH_SOURCE[0]%/*}" && pwd)

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

# Made once for each cluster and kept nowhere else. An empty client secret would let
# anyone forge identities.
make_secret() {
    ! kubectl -n codriver-store get secret minio >/dev/null 2>&1 || return 0
    kubectl -n codriver-store create -f - >/dev/null <<END
apiVersion: v1
kind: Secret
metadata: { name: minio }
stringData:
  MINIO_ROOT_USER: store-$(random)
  MINIO_ROOT_PASSWORD: $(random)
  MINIO_IDENTITY_OPENID_CLIENT_SECRET: $(random)
END
}

available() {
    kubectl -n codriver-store wait --for=condition=Available deployment/minio --timeout=2s
}

explain() {
    kubectl -n codriver-store get pods -o wide >&2
    kubectl -n codriver-store get events --field-selector type=Warning -o custom-columns=WHAT:.message >&2
    kubectl -n codriver-store logs deployment/minio --tail=12 | sed 's/^/  | /' >&2
    exit 1
}

program=$(minio_program)
archive=$("$CLUSTER/static-image" "$program" codriver-minio:1)
image=$("$CLUSTER/load-image" "$archive")
manifest=$(sed "s|@IMAGE@|$image|" "$STORE/minio.yaml")
kubectl apply -f - >/dev/null <<<"$(sed '/^---$/,$d' <<<"$manifest")" # the namespace first
make_secret
kubectl apply -f - >/dev/null <<<"$manifest"
wait_for "MinIO" 90 available || explain
# The service takes a moment longer than the pod, and the policy is what proves it.
wait_for "MinIO behind its service" 30 "$STORE/s3" policy spark "$STORE/policy.json" || explain
for bucket in demo e2e; do "$STORE/s3" mb "s3://$bucket"; done
