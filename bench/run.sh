#!/usr/bin/env bash
# Measures codriver beside public tools that do the same, in one run, and prints a table with what the design promises.
# Usage: run.sh
#   BENCH_RUNS   runs of each command (100); the slow ones take a tenth
# endpoint/measure.py and storm/storm.py say what they can be told.
# hyperfine's raw results stay in target/bench. cleanup/run.sh, which comes last, says what it can be told.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../e2e/lib.sh"
runs=${BENCH_RUNS:-100}
PID1_VERSION=0.1.6
EC2_METADATA_MOCK_VERSION=v1.13.0
target_dir=${CARGO_TARGET_DIR:-$here/../target}
results=$(mkdir -p "$target_dir/bench" && cd "$target_dir/bench" && pwd)
work=$(mktemp -d)
volume=$(mktemp -d /dev/shm/codriver-bench.XXXXXX) # in memory, as the pod's is
sts_pid=''
trap 'if [[ -n $sts_pid ]]; then kill "$sts_pid"; fi; rm -rf "$work" "$volume"' EXIT

build_venv() { make_venv "$1" "$here/requirements.txt"; }

build_stand_in() { cargo build --release --locked --manifest-path "$here/../Cargo.toml" -p codriver-bench; }

# token: as a kubelet's, but signed by nobody. It is compared by nobody either.
token() {
    local part
    for part in '{"alg":"RS256"}' \
        '{"iss":"https://oidc.example.org","sub":"system:serviceaccount:etl:spark-driver","aud":["sts.amazonaws.com"],"exp":4102444800}' \
        'signature'; do
        base64 --wrap=0 <<<"$part" | tr '+/' '-_' | tr -d '='
        printf .
    done | sed 's/\.$//'
}

# pod STS_URL: what a pod's specification would say to codriver-init and to AWS's own tools.
pod() {
    token >"$work/token"
    cat <<END
AWS_ENDPOINT_URL_STS=$1
AWS_ENDPOINT_URL_S3=$1
AWS_REGION=eu-west-1
AWS_DEFAULT_REGION=eu-west-1
AWS_ROLE_ARN=arn:aws:iam::123456789012:role/spark
AWS_ROLE_SESSION_NAME=etl.daily-0
AWS_WEB_IDENTITY_TOKEN_FILE=$work/token
AWS_EC2_METADATA_DISABLED=true
CODRIVER_DIR=$volume
CODRIVER_EXECUTOR_IMAGE=spark:4.3.0
CODRIVER_EXECUTOR_SERVICE_ACCOUNT=spark-executor
CODRIVER_HADOOP_VERSION=3.5.0
CODRIVER_SPARK_VERSION=4.3.0
CODRIVER_TERMINATION_LOG=$work/termination-log
CODRIVER_WRAPPER_SOURCE=$programs/codriver
POD_IP=10.1.2.3
POD_NAME=daily-0
POD_NAMESPACE=etl
POD_UID=5f3c6f6e-0c7d-4b6e-9d8a-1f2e3d4c5b6a
HOME=$work
PATH=$venv/bin:/usr/bin:/bin
END
}

# measure NAME RUNS COMMAND…: the time by hyperfine without a shell, and the peak of the memory by GNU time, which is so
# small that its own does not show (a process is born with its parent's peak).
measure() {
    local name=$1 count=$2
    shift 2
    env --ignore-environment "${environment[@]}" hyperfine -N --warmup 5 --runs "$count" --style none \
        --export-json "$results/$name.json" "$*" >"$work/$name.out" 2>&1 || {
        cat "$work/$name.out" >&2
        env --ignore-environment "${environment[@]}" "$@" >&2 || true
        die "$name failed under hyperfine"
    }
    env --ignore-environment "${environment[@]}" time --format %M --output "$results/$name.kib" "$@" >/dev/null 2>&1
}

measure_all() {
    local slow=$((runs / 10 < 10 ? 10 : runs / 10))
    measure init "$runs" "$programs/codriver-init"
    measure boto3 "$slow" "$venv/bin/python3" "$here/boto3_sts.py"
    measure aws "$slow" "$venv/bin/python3" "$venv/bin/aws" sts assume-role-with-web-identity \
        --role-arn arn:aws:iam::123456789012:role/spark --role-session-name etl.daily-0 \
        --web-identity-token "$(<"$work/token")"
    measure true $((runs * 5)) /bin/true
    measure run $((runs * 5)) "$programs/codriver" run -- /bin/true
    measure tini $((runs * 5)) /usr/bin/tini -s -- /bin/true
    measure dumb-init $((runs * 5)) /usr/bin/dumb-init -- /bin/true
    measure catatonit $((runs * 5)) /usr/bin/catatonit -- /bin/true
    # pid1 steps aside unless it is process 1, so it gets a namespace, and so does the bare command beside it.
    measure namespace $((runs * 5)) /usr/bin/unshare --pid --fork /bin/true
    measure pid1 $((runs * 5)) /usr/bin/unshare --pid --fork "$pid1/bin/pid1" /bin/true
}

build_pid1() { step "pid1" 60 cargo install --quiet --locked --root "$1" "pid1-exe@$PID1_VERSION"; }

# A sidecar that has nothing to do: it has a service account, and listens for its wrapper.
measure_idle_sidecar() {
    local sidecar account=$work/account address=127.0.0.1:18686
    mkdir -p "$account" "$volume/run"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=bench -days 1 \
        -keyout /dev/null -out "$account/ca.crt" 2>/dev/null
    token >"$account/token"
    env --ignore-environment "${environment[@]}" KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=1 \
        CODRIVER_SERVICE_ACCOUNT_DIR="$account" CODRIVER_HEALTH_ADDRESS=$address CODRIVER_LOG=off \
        "$programs/codriver" sidecar &
    sidecar=$!
    wait_for "the sidecar" 10 "$programs/codriver" --log off probe --address $address
    awk '/^Rss:/ { print $2 }' "/proc/$sidecar/smaps_rollup" >"$results/sidecar.kib"
    kill "$sidecar"
    wait "$sidecar"
}

build_ec2_metadata_mock() {
    # A server of AWS's own, written in Go, that hands out credentials by the same kind of GET.
    step "ec2-metadata-mock" 60 env GOBIN="$1" go install \
        "github.com/aws/amazon-ec2-metadata-mock/cmd/ec2-metadata-mock@$EC2_METADATA_MOCK_VERSION"
}

compile_storm() {
    mkdir "$1"
    step "Java program for the storm" 5 javac -proc:none -encoding UTF-8 -d "$1" -cp "$jars" "$here/storm/Storm.java"
}

# The endpoint under load, and hundreds of executors that start at once.
measure_endpoint() {
    "$here/endpoint/measure.py" "$programs" "$url" "$work/token" "$venv/bin/python3" "$mock/ec2-metadata-mock" \
        >"$results/endpoint.json"
}
measure_storm() {
    "$here/storm/storm.py" "$programs/codriver" "$target_dir/release/bench-sts" "$storm:$jars" "$work/token" \
        >"$results/storm.json"
}

need_apt hyperfine time tini dumb-init catatonit openssl python3-pip wrk
pid1=$(cached bench-pid1 "$PID1_VERSION" build_pid1)
programs=$("$here/../images/build.sh" programs)
step "stand-in for STS" 10 build_stand_in
venv=$(cached bench-venv "$(digest "$here/requirements.txt")" build_venv)
mock=$(cached bench-ec2-metadata-mock "$EC2_METADATA_MOCK_VERSION" build_ec2_metadata_mock)
jars=$("$here/../e2e/jvm/hadoop.sh" | tail -n 1)
jars=${jars#* }
storm=$(cached bench-storm "$(digest "$here/storm/Storm.java")" compile_storm)
coproc STS { exec "$target_dir/release/bench-sts"; }
# shellcheck disable=SC2153 # coproc sets it
sts_pid=$STS_PID
read -r url <&"${STS[0]}"
mapfile -t environment < <(pod "$url")
step "measures, $runs runs of each" 90 measure_all
measure_idle_sidecar
step "the endpoint under load" 60 measure_endpoint
step "executors before an STS that throttles" 90 measure_storm
over=0
"$here/table.py" "$results" "$programs" || over=1
"$here/cleanup/run.sh" || over=1
((over == 0))
