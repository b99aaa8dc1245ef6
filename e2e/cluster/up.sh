#!/usr/bin/env bash
# Starts the one-node cluster with its object store, or returns at once when it runs.
# With CONTEXT set nothing is started: the context is checked and gets the store.
# Usage: up.sh
# shellcheck source=common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"
# shellcheck source=host.sh
. "$CLUSTER/host.sh"
STORE=$CLUSTER/../store

# COMPONENT…: what they said last, for a start that failed.
explain() {
    local name
    for name; do
        [[ -s $LOGS/$name.log ]] || continue
        printf 'the end of %s:\n' "$LOGS/$name.log" >&2
        tail -n 12 "$LOGS/$name.log" | cut -c 1-300 | sed 's/^/  | /' >&2
    done
    exit 1
}

node_ready() {
    kubectl wait --for=condition=Ready node/codriver --timeout=1s
}

answers() { kubectl get --raw /readyz || ! kill -0 "$starter" 2>/dev/null; }

start() {
    local programs coredns pause starter
    programs=$(k8s_programs)
    coredns=$(coredns_program)
    minio_program >/dev/null
    pause=$("$CLUSTER/static-image" "$(command -v catatonit)" codriver-pause:1 -P)
    end_cluster # what a start that failed or was cut has left
    mkdir -p "$LOGS" "$DISK/kubelet" "$DISK/log"
    chmod 0700 "$CODRIVER_STATE"
    make_cgroups
    setsid unshare --net --pid --mount --uts --fork --mount-proc --kill-child \
        "$CLUSTER/start.sh" "$programs" "$coredns" </dev/null >"$LOGS/start.log" 2>&1 9>&- &
    starter=$!
    wait_for "the cluster's first process" 10 pgrep -P "$starter"
    pgrep -P "$starter" >"$CODRIVER_STATE/pid"
    readlink "/proc/$(<"$CODRIVER_STATE/pid")/ns/net" >"$CODRIVER_STATE/netns"
    ln -s "$programs/kubectl" "$CODRIVER_STATE/kubectl"
    wait_for "the API server" 60 answers || explain start etcd kube-apiserver
    running || explain start etcd kube-apiserver
    wait_for "containerd" 30 "$CLUSTER/ctr" version || explain start containerd
    "$CLUSTER/load-image" "$pause" >/dev/null || explain containerd
    kubectl apply -f "$CODRIVER_STATE/config/dns.yaml" >/dev/null || explain kube-apiserver
    wait_for "the node to be Ready" 60 node_ready || explain kubelet containerd
    wait_for "CoreDNS" 20 in_network curl -sf "http://$NODE_IP:8181/ready" || explain coredns
}

if [[ -n ${CONTEXT:-} ]]; then
    "$CLUSTER/kubectl" get --raw /readyz >/dev/null ||
        die "the kube context $CONTEXT does not answer: kubectl --context $CONTEXT get --raw /readyz says why"
    exec "$STORE/up.sh"
fi
if running && [[ -e $CODRIVER_STATE/ready ]]; then
    exit 0
fi
((EUID == 0)) || die "root is needed to make the cluster's namespaces (or set CONTEXT to use a cluster of yours)"
need_apt containerd runc containernetworking-plugins catatonit nftables conntrack iproute2 openssl curl procps hostname
lock
# Another run may have started it while this one waited.
if running && [[ -e $CODRIVER_STATE/ready ]]; then
    exit 0
fi
began=$SECONDS
start
"$STORE/up.sh"
wait_for "the default service account" 20 kubectl get serviceaccount default || explain kube-controller-manager
touch "$CODRIVER_STATE/ready"
echo "the cluster is up after $(human $((SECONDS - began))): e2e/cluster/kubectl reaches it, e2e/cluster/down.sh ends it"
