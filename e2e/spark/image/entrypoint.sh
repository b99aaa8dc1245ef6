#!/bin/bash
# Entry point of the Spark image: what Spark expects of an executor's container, and the way through for everything else.
#
#   entrypoint.sh executor      the executor backend; its settings come as SPARK_* variables from the driver
#   entrypoint.sh CMD ARGS…     that command, in place of this shell
set -euo pipefail

# The pod's own folders come before the jars, so that a mounted configuration wins; first.jar holds no configuration.
executor_classpath() {
    local classpath="${SPARK_CONF_DIR:-$SPARK_HOME/conf}"
    if [[ -n ${HADOOP_CONF_DIR:-} ]]; then classpath+=":$HADOOP_CONF_DIR"; fi
    if [[ -n ${SPARK_CLASSPATH:-} ]]; then classpath+=":$SPARK_CLASSPATH"; fi
    if [[ -n ${SPARK_EXTRA_CLASSPATH:-} ]]; then classpath="$SPARK_EXTRA_CLASSPATH:$classpath"; fi
    printf '%s' "$SPARK_HOME/cds/first.jar:$classpath:$SPARK_HOME/jars/*"
}

# Spark hands over each JVM option in a variable of its own: SPARK_JAVA_OPT_0, SPARK_JAVA_OPT_1, …
executor_java_options() {
    local name
    for name in $(compgen -A variable SPARK_JAVA_OPT_ | sort -t_ -k4n); do
        printf '%s\0' "${!name}"
    done
}

case "${1:-}" in
    executor)
        mapfile -d '' -t java_options < <(executor_java_options)
        exec java "${java_options[@]}" \
            "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" \
            -cp "$(executor_classpath)" \
            org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
            --driver-url "$SPARK_DRIVER_URL" \
            --executor-id "$SPARK_EXECUTOR_ID" \
            --cores "$SPARK_EXECUTOR_CORES" \
            --app-id "$SPARK_APPLICATION_ID" \
            --hostname "$SPARK_EXECUTOR_POD_IP" \
            --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" \
            --podName "$SPARK_EXECUTOR_POD_NAME"
        ;;
    '')
        echo "entrypoint.sh: no command given: say 'executor' or a command to run" >&2
        exit 2
        ;;
    *)
        exec "$@"
        ;;
esac
