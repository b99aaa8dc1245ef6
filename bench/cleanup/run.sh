#!/usr/bin/env bash
# Measures on a real API server how fast codriver removes executors, beside one raw deletecollection and `kubectl delete`,
# and how long the last executor outlives its driver, beside owner references. Prints a table with what the design promises.
# Everything is in a namespace of its own, which is removed.
# Usage: run.sh
#   CLEANUP_SIZES   executors of each measurement (1 100 1000 5000)
#   KUBECTL_MOST    the most that kubectl is to remove (100): it takes a fifth of a second for each, so minutes for 1 000
#   RUNNING         executors that run when their driver ends (50); 0 leaves this part out
#   PLOT            1: draw docs/bench-cleanup.svg too
# The raw results stay in target/bench, in cleanup.jsonl and driver-end.jsonl.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../e2e/cluster/common.sh
source "$here/../../e2e/cluster/common.sh"
paste=$here/../../manifests/raw/spark-driver.yaml
read -ra sizes <<<"${CLEANUP_SIZES-1 100 1000 5000}"
kubectl_most=${KUBECTL_MOST:-100}
running=${RUNNING:-50}
target_dir=${CARGO_TARGET_DIR:-$here/../../target}
results=$(mkdir -p "$target_dir/bench" && cd "$target_dir/bench" && pwd)
namespace=codriver-bench

if ((EUID != 0)) && [[ -z ${CONTEXT:-} ]]; then
    echo "  cleanup: SKIPPED, there is neither root (for a cluster in namespaces of its own) nor CONTEXT=… (a cluster of yours)"
    exit
fi

build() { cargo build --release --locked --manifest-path "$here/../../Cargo.toml" -p codriver-bench; }

remove_namespace() { kubectl delete namespace "$namespace" --ignore-not-found --timeout=300s >/dev/null; }

# The accounts and rights of the paste, without its pod; and where the server is.
prepare() {
    remove_namespace
    kubectl create namespace "$namespace"
    awk 'BEGIN { RS = ORS = "---\n" } !/\nkind: Pod\n/' "$paste" | kubectl apply --namespace "$namespace" --filename -
    wait_for "the namespace's authority" 30 kubectl --namespace "$namespace" get configmap kube-root-ca.crt
    wait_for "the default service account" 30 kubectl --namespace "$namespace" get serviceaccount default
    kubectl --namespace "$namespace" get configmap kube-root-ca.crt --output 'jsonpath={.data.ca\.crt}' >"$work/ca.crt"
    (umask 077 && kubectl --namespace "$namespace" create token spark-driver --duration=6h >"$work/token")
    kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}' >"$work/url"
}

# remove SIZE RUNS WAY…
remove() {
    local program=("$target_dir/release/bench-cleanup" "$results/cleanup.jsonl" "$@")
    export BENCH_NAMESPACE=$namespace BENCH_CA=$work/ca.crt BENCH_TOKEN=$work/token BENCH_KUBECTL=$CLUSTER/kubectl
    BENCH_API=$(<"$work/url")
    export BENCH_API
    if [[ -n ${CONTEXT:-} ]]; then "${program[@]}"; else in_network "${program[@]}"; fi
}

end_drivers() { "$target_dir/release/bench-driver-end" "$results/driver-end.jsonl" "$namespace" "$running" 3; }

# Most of the small ones, which vary most.
runs_of() { if (($1 >= 5000)); then echo 1; elif (($1 >= 100)); then echo 3; else echo 5; fi; }

"$CLUSTER/up.sh" >&2
step "cleanup's benchmark" 60 build
work=$(mktemp -d)
trap 'rm -rf "$work"; remove_namespace' EXIT
step "namespace $namespace" 5 prepare
rm -f "$results"/{cleanup,driver-end}.jsonl
for size in "${sizes[@]}"; do
    runs=$(runs_of "$size")
    ways=(codriver raw)
    expected=$((5 + size * runs / 45))
    if ((size <= kubectl_most)); then
        ways+=(kubectl)
        expected=$((expected + size * runs / 5))
    fi
    step "cleanup of $size executors, $runs times by ${#ways[@]} ways" "$expected" remove "$size" "$runs" "${ways[@]}"
done
((running == 0)) || step "ends of drivers with $running executors that run" 180 end_drivers
if [[ ${PLOT:-} == 1 ]]; then
    "$here/plot.py" "$results/cleanup.jsonl" "$here/../../docs/bench-cleanup.svg"
fi
"$here/table.py" "$results" "$kubectl_most"
