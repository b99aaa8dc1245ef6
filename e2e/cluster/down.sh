#!/usr/bin/env bash
# Ends the one-node cluster and checks that nothing of it is left. Images stay in
# the cache, for the next start. Usage: down.sh
# shellcheck source=common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"
# shellcheck source=host.sh
. "$CLUSTER/host.sh"

# What the cluster could have left outside of its namespaces, one finding a line.
leftovers() {
    local addresses="${NODE_IP%.*.*}.|${SERVICE_SUBNET%.*.*}."
    find /proc -maxdepth 3 -path '/proc/[0-9]*/ns/net' -lname "$netns" 2>/dev/null | sed 's/^/process: /' || true
    grep -F -e " $CODRIVER_STATE" -e " $DISK" /proc/self/mountinfo | sed 's/^/mount: /' || true
    ip -o address | grep -E "inet (${addresses//./\\.})" | sed 's/^/interface: /' || true
    nft list ruleset | grep -E "${addresses//./\\.}" | sed 's/^/firewall rule: /' || true
    find /sys/fs/cgroup -type d -name "$CGROUP" | sed 's/^/cgroup: /'
    find /var/lib/cni /run/cni -type f -path '*codriver*' 2>/dev/null | sed 's/^/CNI state: /' || true
}

if [[ -n ${CONTEXT:-} ]]; then
    die "CONTEXT=$CONTEXT is a cluster of yours: only the cluster that up.sh made is ended here"
fi
((EUID == 0)) || die "root is needed to end the cluster"
lock
netns=none
[[ ! -s $CODRIVER_STATE/netns ]] || netns=$(<"$CODRIVER_STATE/netns")
end_cluster
left=$(leftovers)
[[ -z $left ]] || die "the cluster has ended, but this is left:"$'\n'"$left"
echo "the cluster is down: no process, mount, interface, firewall rule or cgroup is left"
