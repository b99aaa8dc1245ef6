//! Proxies of a mesh as ordinary containers, which keep a pod alive until somebody asks them to quit.

use codriver_e2e::{
    Result,
    containers::kill,
    driver::{Driver, End, container, set},
    kubectl::get,
    spark::Spark,
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::{Case, PLAIN, UNTIL_TOLD, leave_and_tell, play, push, side_by_side, start, told, within},
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s13_a_proxy_of_a_mesh_is_asked_to_quit_however_the_driver_ended", Needs::OurCluster, |stage| play(stage, &CASES)),
    ("s13_a_proxy_that_refuses_or_hangs_is_told_and_costs_no_executor", Needs::AnyCluster, |stage| {
        side_by_side(&[("s13-refuses", 404), ("s13-hangs", HANGS)], |(name, status)| stays(stage, name, *status))
    }),
];

const CASES: [Case; 5] = [
    Case { name: "s13-istio", change: |stage, pod| proxy(stage, pod, "istio-proxy", 15020, 200), also: quit, ..PLAIN },
    Case {
        name: "s13-killed",
        change: |stage, pod| proxy(stage, pod, "istio-proxy", 15020, 200),
        mischief: |_, driver| kill(&driver.container_id("driver")?),
        code: 137,
        verdict: "was killed by signal 9 (SIGKILL)",
        evidence: "container status",
        also: quit,
        ..PLAIN
    },
    Case {
        name: "s13-own",
        change: |stage, pod| {
            proxy(stage, pod, "gateway", 9000, 204);
            let sidecar = &mut pod["spec"]["initContainers"][1]["env"];
            set(sidecar, "CODRIVER_QUIT", "POST http://127.0.0.1:9000/quitquitquit expect=204");
        },
        also: quit,
        ..PLAIN
    },
    // The kubelet starts it again, and it is asked again.
    Case {
        name: "s13-back",
        script: UNTIL_TOLD_0,
        change: |stage, pod| {
            proxy(stage, pod, "istio-proxy", 15020, 200);
            pod["spec"]["restartPolicy"] = json!("OnFailure");
            push(&mut pod["spec"]["volumes"], json!({"name": "once", "emptyDir": {}}));
            push(&mut pod["spec"]["containers"][1]["volumeMounts"], json!({"name": "once", "mountPath": "/once"}));
        },
        code: 0,
        verdict: "exited with code 0",
        also: quit,
        ..PLAIN
    },
    // To the kubelet the driver has ended well, and is not started again: so it was the last end.
    Case {
        name: "s13-mapped",
        change: |stage, pod| {
            proxy(stage, pod, "istio-proxy", 15020, 200);
            pod["spec"]["restartPolicy"] = json!("OnFailure");
            set(&mut pod["spec"]["containers"][0]["env"], "CODRIVER_MAP", "143=0");
        },
        mischief: |stage, driver| within(stage, driver, "kill 1"),
        code: 0,
        verdict: "was killed by signal 15 (SIGTERM)",
        also: quit,
        ..PLAIN
    },
];

/// Waits to be told, and ends well.
const UNTIL_TOLD_0: &str = "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done";
/// Instead of a status: no answer at all.
const HANGS: u16 = 0;

/// A server that answers a POST with this status, and ends if that means yes: with 1 the first time, where it can remember that.
const SERVER: &str = "
import http.server, os, sys, threading, time
port, status = map(int, sys.argv[1:])
def end():
    first = os.path.isdir('/once') and not os.path.exists('/once/ended')
    if first: open('/once/ended', 'w')
    os._exit(int(first))
class Proxy(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        if not status: time.sleep(3600)
        self.send_response(status)
        self.send_header('Content-Length', '0')
        self.end_headers()
        if status < 300:
            threading.Timer(0.1, end).start()
http.server.ThreadingHTTPServer(('127.0.0.1', port), Proxy).serve_forever()
";

fn proxy(stage: &Stage, pod: &mut Value, name: &str, port: u16, status: u16) {
    let command = json!(["python3", "-c", SERVER, port.to_string(), status.to_string()]);
    push(
        &mut pod["spec"]["containers"],
        json!({
            "name": name, "image": stage.spark_images.get(Spark::NEWEST).unwrap_or_default(), "command": command,
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
            "securityContext": {"runAsUser": 185, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        }),
    );
}

fn quit(_: &Stage, driver: &Driver, end: &End) -> Result<()> {
    let all = end.pod["status"]["containerStatuses"].as_array().cloned().unwrap_or_default();
    let other = all.iter().find(|status| status["name"] != "driver").cloned().unwrap_or_default();
    equal(driver, "the proxy's exit code", other["state"]["terminated"]["exitCode"].as_i64(), Some(0))
}

fn stays(stage: &Stage, name: &str, status: u16) -> Result<()> {
    let driver = start(stage, name, UNTIL_TOLD, move |stage, pod| proxy(stage, pod, "istio-proxy", 15020, status))?;
    leave_and_tell(stage, &driver)?;
    driver.until(|pod| container(pod, "driver")["state"]["terminated"].is_object().then_some(()))?;
    // Only then is it asked, so what is there to see of it is there after the cleanup.
    driver.until_logged("codriver", "a proxy may keep the pod alive")?;
    nothing_is_left(&driver)?;
    told(stage, &driver, "DriverFailed")?;
    told(stage, &driver, "ProxyStays")?;
    let pod = get(&["-n", &stage.namespace, "pod", &driver.name])?;
    holds(&driver, "the pod is there", pod["status"]["phase"] == "Running")?;
    stage.kubectl(&["delete", "pod", &driver.name, "--grace-period=1"]).map(drop)
}
