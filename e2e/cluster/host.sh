# shellcheck shell=bash
# The namespaces' own mounts and network, and the cgroup folder; sourced, not run.

# Nothing mounted here is seen outside, and all of it goes with the last process.
private_mounts() {
    mount --make-rprivate /
    # containerd, the kubelet and the network plugins write here, whatever they are told.
    cover /run
    cover /var/lib
    mkdir -p /var/lib/kubelet
    # Pods' volumes and logs may be large: on the disk, not in memory.
    mount --bind "$DISK/kubelet" /var/lib/kubelet
    mount --bind "$DISK/log" /var/log
    hide_kernel_settings
}

# An empty folder in memory over FOLDER; only what is ours stays visible in it.
cover() {
    local cover=$CODRIVER_STATE/cover ours
    mkdir -p "$cover"
    mount -t tmpfs -o mode=0755 tmpfs "$cover"
    for ours in "$CODRIVER_STATE" "$CODRIVER_CACHE" "$CLUSTER"; do
        [[ $ours == "$1"/* ]] || continue
        mkdir -p "$cover/${ours#"$1"/}"
        mount --bind "$ours" "$cover/${ours#"$1"/}"
    done
    mount --no-mtab --move "$cover" "$1"
}

# The kubelet insists on these values and sets them for the whole machine; here it
# reads them from files of ours, and the machine's stay as they are.
hide_kernel_settings() {
    local name value
    mkdir /run/sysctl
    while read -r name value; do
        echo "$value" >"/run/sysctl/${name//\//.}"
        mount --bind "/run/sysctl/${name//\//.}" "/proc/sys/$name"
    done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END
}

private_network() {
    hostname codriver
    ip link set lo up
    ip address add "$NODE_IP/32" dev lo
    # kube-proxy redirects packets to services, but only after a route was found for them.
    ip route add "$SERVICE_SUBNET" dev lo src "$NODE_IP"
    sysctl -q -w net.ipv4.ip_forward=1
}

# The cgroup hierarchies' roots: one each under version 1, one in all under version 2.
hierarchies() {
    if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
        echo /sys/fs/cgroup
    else
        dirname /sys/fs/cgroup/*/cgroup.procs
    fi
}

make_cgroups() {
    local root setting
    for root in $(hierarchies); do
        mkdir -p "$root/$CGROUP"
        # A new cpuset is empty, and then nothing can run in it.
        for setting in cpuset.cpus cpuset.mems; do
            [[ ! -e $root/$setting ]] || cat "$root/$setting" >"$root/$CGROUP/$setting"
        done
        [[ ! -e $root/cgroup.subtree_control ]] ||
            for setting in cpuset cpu memory pids hugetlb io; do
                echo "+$setting" >"$root/cgroup.subtree_control" || true
            done 2>/dev/null
    done
}

# Ends the cluster if there is one, and removes all that it had outside of its namespaces.
end_cluster() {
    if running; then
        # The first process of a PID namespace takes all the others with it.
        # shellcheck disable=SC2154 # running has set it
        kill -KILL "$pid"
        wait_for "the end of the cluster's first process" 20 gone "$pid"
    fi
    # The kernel lets go of a cgroup a moment after its last process.
    wait_for "empty cgroups" 20 remove_cgroups
    rm -rf -- "$CODRIVER_STATE" "$DISK/kubelet" "$DISK/log"
}

gone() { ! kill -0 "$1" 2>/dev/null; }

remove_cgroups() {
    local root
    for root in $(hierarchies); do
        [[ -d $root/$CGROUP ]] || continue
        find "$root/$CGROUP" -depth -type d -exec rmdir {} + || return
    done
}
