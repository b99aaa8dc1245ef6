#!/usr/bin/env bash
# The inside of the cluster: run by up.sh as the first process of its namespaces.
# Starts every component and then becomes a bare init that only reaps.
# Usage: start.sh KUBERNETES-PROGRAMS COREDNS
# shellcheck source=common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"
# shellcheck source=pki.sh
. "$CLUSTER/pki.sh"
# shellcheck source=host.sh
. "$CLUSTER/host.sh"
PATH=$1:$PATH
coredns=$2
export WITHOUT=
export CONTAINERD_ADDRESS=$CODRIVER_STATE/containerd.sock KUBECONFIG=$CODRIVER_STATE/kubeconfig

run() {
    local name=$1
    shift
    "$@" >>"$LOGS/$name.log" 2>&1 &
}

# Replaces @NAME@ by the variable's value.
render() {
    local name script=()
    for name in DISK CODRIVER_STATE CGROUP NODE_IP POD_SUBNET DNS_IP WITHOUT; do
        script+=(-e "s|@$name@|${!name}|g")
    done
    sed "${script[@]}" "$CLUSTER/config/$1" >"$CODRIVER_STATE/config/$1"
}

# On a real cluster they have a machine of their own: what the pods of the node do must not slow them down.
control_plane() { run "$1" nice -n -10 "$@"; }

start_etcd() {
    mkdir -m 0700 /run/etcd
    control_plane etcd --data-dir /run/etcd --unsafe-no-fsync --log-level warn
}

# What the last cluster's pods left in containerd is of no use, its images are.
forget_containers() {
    local daemon
    WITHOUT=', "io.containerd.grpc.v1.cri"' render containerd.toml
    containerd --config "$CODRIVER_STATE/config/containerd.toml" >>"$LOGS/containerd.log" 2>&1 &
    daemon=$!
    wait_for "containerd" 20 ctr version
    ctr -n k8s.io containers ls -q | xargs -r ctr -n k8s.io containers rm
    kill "$daemon"
    wait "$daemon" || true
    rm -rf "$DISK"/containerd/io.containerd.grpc.v1.cri "$DISK"/containerd/io.containerd.runtime.v2.task
}

start_containerd() {
    [[ ! -d $DISK/containerd ]] || forget_containers
    render containerd.toml
    run containerd containerd --config "$CODRIVER_STATE/config/containerd.toml"
}

start_apiserver() {
    control_plane kube-apiserver \
        --etcd-servers http://127.0.0.1:2379 \
        --advertise-address "$NODE_IP" --secure-port 6443 \
        --service-cluster-ip-range "$SERVICE_SUBNET" \
        --client-ca-file "$PKI/ca.crt" \
        --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" \
        --kubelet-client-certificate "$PKI/apiserver-to-kubelet.crt" \
        --kubelet-client-key "$PKI/apiserver-to-kubelet.key" \
        --kubelet-preferred-address-types InternalIP \
        --service-account-issuer https://kubernetes.default.svc \
        --service-account-jwks-uri https://kubernetes.default.svc/openid/v1/jwks \
        --service-account-key-file "$PKI/service-accounts.pub" \
        --service-account-signing-key-file "$PKI/service-accounts.key" \
        --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
        --runtime-config admissionregistration.k8s.io/v1beta1=true \
        --feature-gates MutatingAdmissionPolicy=true \
        --allow-privileged
}

start_controllers() {
    local name config
    for name in controller-manager scheduler; do
        config=$PKI/$name.kubeconfig
        local flags=(--kubeconfig "$config" --authentication-kubeconfig "$config"
            --authorization-kubeconfig "$config" --leader-elect=false --bind-address 127.0.0.1)
        [[ $name != controller-manager ]] || flags+=(--use-service-account-credentials
            --service-account-private-key-file "$PKI/service-accounts.key" --root-ca-file "$PKI/ca.crt")
        run "kube-$name" "kube-$name" "${flags[@]}"
    done
}

start_node() {
    run kubelet kubelet --config "$CODRIVER_STATE/config/kubelet.yaml" \
        --cert-dir "$PKI" --kubeconfig "$PKI/kubelet.kubeconfig" \
        --hostname-override codriver --node-ip "$NODE_IP"
    run kube-proxy kube-proxy --config "$CODRIVER_STATE/config/proxy.yaml"
    run coredns "$coredns" -conf "$CODRIVER_STATE/config/Corefile"
}

private_mounts
private_network
mkdir -p "$CODRIVER_STATE/config/cni"
for template in kubelet.yaml proxy.yaml Corefile dns.yaml cni/codriver.conflist; do render "$template"; done
make_pki
start_etcd
start_containerd
start_apiserver
wait_for "etcd and the API server" 60 command kubectl get --raw /readyz
start_controllers
wait_for "containerd" 30 ctr version
start_node
exec catatonit -P
