# shellcheck shell=bash
# What the scripts of the one-node cluster share; sourced, never run.
# shellcheck source=../lib.sh
. "${BASH_SOURCE[0]%/*}/../lib.sh"

CLUSTER=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
export CLUSTER

K8S_VERSION=v1.35.4
COREDNS_VERSION=v1.15.0
MINIO_VERSION=v0.0.0-20260212201848-7aac2a2c5b7c

# Addresses inside the cluster's own network namespace; none of them is seen outside.
export NODE_IP=10.245.0.1
export POD_SUBNET=10.245.1.0/24
export SERVICE_SUBNET=10.246.0.0/16
export FIRST_SERVICE_IP=10.246.0.1
export DNS_IP=10.246.0.10

# What must be on a disk (image layers, pods' volumes). Images outlive `down`.
DISK=$CODRIVER_CACHE/cluster/$(tr -cs 'A-Za-z0-9\n' - <<<"${CODRIVER_STATE#/}")
LOGS=$CODRIVER_STATE/logs
export DISK LOGS

# Every cluster has its own folder in each cgroup hierarchy, named like its state.
CGROUP=${CODRIVER_STATE##*/}
export CGROUP

pid=
# Sets `pid` to the cluster's first process. The network namespace is compared
# too: the number alone may by now be another process's.
running() {
    [[ -s $CODRIVER_STATE/pid ]] || return 1
    pid=$(<"$CODRIVER_STATE/pid")
    [[ $(readlink "/proc/$pid/ns/net") == "$(<"$CODRIVER_STATE/netns")" ]] 2>/dev/null
}

# Held until the script ends: one start or end of the cluster at a time.
lock() {
    mkdir -p "$DISK"
    exec 9>"$DISK/lock"
    take_lock 9 "another run starts or ends the cluster"
}

need_running() {
    running || die "the cluster is not up: run e2e/cluster/up.sh (or set CONTEXT to use a cluster of yours)"
}

kubectl() { "$CLUSTER/kubectl" "$@"; }

# Runs a command of the host in the cluster's network.
in_network() { running && nsenter --net="/proc/$pid/ns/net" "$@"; }

need_go() {
    command -v go >/dev/null || die "Go is missing: install Go 1.26 or later, the cluster's programs are compiled from source"
}

k8s_programs() {
    cached k8s "$K8S_VERSION-$(digest "$CLUSTER"/go/k8s/*)" build_k8s
}

build_k8s() {
    local program version=k8s.io/component-base/version
    need_go
    mkdir "$1"
    # Without the ldflags the nodes would say v0.0.0-master, which clients misjudge.
    CGO_ENABLED=0 step "compile Kubernetes $K8S_VERSION" 600 \
        go build -C "$CLUSTER/go/k8s" -trimpath -buildvcs=false -o "$1/k8s" -ldflags "-s -w \
            -X $version.gitVersion=$K8S_VERSION -X $version.gitMajor=1 -X $version.gitMinor=35 \
            -X k8s.io/client-go/pkg/version.gitVersion=$K8S_VERSION" .
    for program in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl; do
        ln -s k8s "$1/$program"
    done
}

coredns_program() {
    cached coredns "$COREDNS_VERSION-$(digest "$CLUSTER"/go/coredns/*)" build_coredns
}

build_coredns() {
    need_go
    CGO_ENABLED=0 step "compile CoreDNS $COREDNS_VERSION" 120 \
        go build -C "$CLUSTER/go/coredns" -trimpath -buildvcs=false -ldflags '-s -w' -o "$1" .
}

minio_program() {
    cached minio "$MINIO_VERSION" build_minio
}

# MinIO's own route from source. It is a service for tests and never shipped.
build_minio() {
    need_go
    mkdir "$1.bin"
    CGO_ENABLED=0 GOBIN=$1.bin step "compile MinIO $MINIO_VERSION" 360 \
        go install -trimpath -ldflags '-s -w' "github.com/minio/minio@$MINIO_VERSION"
    mv "$1.bin/minio" "$1"
}
