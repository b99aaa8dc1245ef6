use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-11-22T22:30:00Z";
const OLD: &str = "2026-11-22T22:00:00Z";
const YOUNG: &str = "2026-11-22T22:25:00Z";
/// Holds a uid.
const ID: &str = "spark-0c1b2d3e000040008000123456789abc-1";

fn wish() -> Wish {
    Wish { older_than: Duration::from_secs(600), orphans: false, now: at(NOW).into() }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Owners are pods, by their uids.
fn leftover(kind: Kind, id: &str, made: &str, owners: &[&str]) -> Leftover {
    let owners: Vec<_> = owners.iter().map(|uid| json!({ "kind": "Pod", "name": "daily-0", "uid": uid })).collect();
    with(kind, id, json!({ "creationTimestamp": made, "ownerReferences": owners }))
}

fn with(kind: Kind, id: &str, mut metadata: Value) -> Leftover {
    metadata["name"] = "e".into();
    metadata["uid"] = "u-e".into();
    metadata["namespace"] = "etl".into();
    Leftover { kind, application_id: id.into(), metadata: serde_json::from_value(metadata).unwrap() }
}

fn pods() -> Pods {
    let ended = |at, keep_failed| Driver::Ended { at, keep_failed: Duration::from_secs(keep_failed) };
    let drivers = [
        ("u-lives", Driver::Lives),
        ("u-ended", ended(Some(at(OLD)), 0)),
        ("u-just-ended", ended(Some(at(YOUNG)), 0)),
        ("u-evicted", ended(None, 0)),
        ("u-keeps-for-long", ended(Some(at(OLD)), 1801)),
        ("u-kept-long-enough", ended(Some(at(OLD)), 1800)),
        ("u-keeps-for-less-than-a-sweep-waits", ended(Some(at(YOUNG)), 1)),
    ];
    Pods {
        drivers: drivers.map(|(uid, driver)| (uid.to_owned(), driver)).into(),
        executors: ["u-executor".to_owned()].into(),
        failed: HashSet::new(),
        busy: [("etl".to_owned(), "busy".to_owned())].into(),
    }
}

#[test]
fn only_what_a_dead_driver_owned_goes_and_only_after_a_while() {
    for (owners, made, dead) in [
        (&["u-lives"][..], OLD, None),
        (&["u-gone"], OLD, Some(Dead::Gone)),
        (&["u-gone"], YOUNG, None),
        (&["u-ended"], OLD, Some(Dead::Ended)),
        (&["u-ended"], YOUNG, None),
        (&["u-just-ended"], OLD, None),
        (&["u-evicted"], OLD, Some(Dead::Ended)),
        (&["u-gone", "u-lives"], OLD, None),
        (&["u-ended", "u-gone"], OLD, Some(Dead::Ended)),
        // A claim of an executor's goes with it.
        (&["u-executor"], OLD, None),
        (&[], OLD, None),
    ] {
        for kind in ORDER {
            assert_eq!(fate(&leftover(kind, ID, made, owners), &pods(), &wish()), dead, "{kind} {owners:?} {made}");
        }
    }
}

#[test]
fn failed_executors_stay_for_as_long_as_their_driver_says_and_nothing_else_does() {
    for (owner, of_others, of_failed) in [
        ("u-keeps-for-long", Some(Dead::Ended), None),
        ("u-kept-long-enough", Some(Dead::Ended), Some(Dead::Ended)),
        ("u-keeps-for-less-than-a-sweep-waits", None, None),
    ] {
        let executor = leftover(Kind::Pods, ID, OLD, &[owner]);
        let failed = Pods { failed: [executor.metadata.uid.clone()].into(), ..pods() };
        assert_eq!(fate(&executor, &pods(), &wish()), of_others, "{owner}");
        assert_eq!(fate(&executor, &failed, &wish()), of_failed, "{owner}");
    }
}

#[test]
fn what_a_controller_made_goes_with_it_and_other_owners_say_nothing() {
    let owned = |kind: &str| {
        with(Kind::Pods, ID, json!({ "creationTimestamp": OLD, "ownerReferences": [{ "kind": kind, "uid": "u-x" }] }))
    };
    for kind in ["StatefulSet", "ReplicaSet", "Job", "SparkApplication"] {
        assert_eq!(fate(&owned(kind), &pods(), &Wish { orphans: true, ..wish() }), None, "{kind}");
    }
    // The driver's pod is gone, and the garbage collector waits for the other owner.
    let both = json!([{ "kind": "Job", "uid": "u-job" }, { "kind": "Pod", "name": "d", "uid": "u-gone" }]);
    let both = with(Kind::Pods, ID, json!({ "creationTimestamp": OLD, "ownerReferences": both }));
    assert_eq!(fate(&both, &pods(), &wish()), Some(Dead::Gone));
}

#[test]
fn what_nobody_owns_goes_only_on_request_and_only_when_no_pod_of_its_application_is_at_work() {
    for (orphans, id, dead) in [(false, ID, None), (true, ID, Some(Dead::NoOwner)), (true, "busy", None)] {
        let wish = Wish { orphans, ..wish() };
        assert_eq!(fate(&leftover(Kind::ConfigMaps, id, OLD, &[]), &pods(), &wish), dead, "{id}");
    }
}

#[test]
fn what_is_leaving_is_left_alone_unless_its_node_does_not_answer() {
    for (kind, until, dead) in
        [(Kind::Pods, YOUNG, None), (Kind::Pods, OLD, Some(Dead::Gone)), (Kind::PersistentVolumeClaims, OLD, None)]
    {
        let mut leaving = leftover(kind, ID, OLD, &["u-gone"]);
        leaving.metadata.deletion_timestamp = Some(at(until));
        assert_eq!(fate(&leaving, &pods(), &wish()), dead, "{kind} {until}");
    }
}

#[test]
fn many_go_together_only_under_an_id_that_no_other_driver_can_bear() {
    let gone = |id: &str, count: usize| vec![leftover(Kind::Pods, id, OLD, &["u-gone"]); count];
    let one = |id: &str, owner: &str| leftover(Kind::Pods, id, OLD, &[owner]);
    for (leftovers, together) in [
        (gone(ID, MANY), true),
        (gone(ID, MANY - 1), false),
        (gone("job", MANY), false),
        ([gone(ID, MANY), vec![one(ID, "u-lives")]].concat(), false),
    ] {
        let applications = decide(&leftovers, &pods(), &wish());
        assert_eq!(applications[0].removals[0].together, together, "{leftovers:?}");
    }
    let sets = vec![leftover(Kind::StatefulSets, ID, OLD, &["u-gone"]); MANY];
    assert!(!decide(&sets, &pods(), &wish())[0].removals[0].together, "controllers bear no label");
}

#[test]
fn ids_that_hold_a_uid_are_known() {
    for (id, holds) in [
        (ID, true),
        ("spark-0c1b2d3e000040008000123456789abc", true),
        ("spark-0c1b2d3e000040008000123456789abc-", false),
        ("spark-0c1b2d3e000040008000123456789abc-x", false),
        ("spark-0c1b2d3e", false),
        ("spark-0c1b2d3e000040008000123456789abg", false),
        ("job", false),
    ] {
        assert_eq!(is_one_drivers(id), holds, "{id}");
    }
}

#[test]
fn an_application_is_told_with_its_driver_and_controllers_go_first() {
    let kinds = [Kind::PersistentVolumeClaims, Kind::Pods, Kind::ConfigMaps, Kind::Deployments];
    let leftovers = kinds.map(|kind| leftover(kind, ID, OLD, &["u-gone"]));
    let applications = decide(&leftovers, &pods(), &wish());
    let [application] = &applications[..] else { panic!("{applications:?}") };
    assert_eq!((application.driver.as_deref(), application.dead), (Some("daily-0"), Dead::Gone));
    let order: Vec<_> = application.removals.iter().map(|it| it.kind).collect();
    assert_eq!(order, [Kind::Deployments, Kind::Pods, Kind::ConfigMaps, Kind::PersistentVolumeClaims]);
}

#[test]
fn the_same_id_in_two_namespaces_is_two_applications() {
    let mut other = leftover(Kind::Pods, "job", OLD, &["u-lives"]);
    other.metadata.namespace = "other".into();
    let applications = decide(&[leftover(Kind::Pods, "job", OLD, &["u-gone"]), other], &pods(), &wish());
    assert_eq!(applications.len(), 1);
    assert_eq!(applications[0].namespace, "etl");
}

/// Any object of a few applications, with any owners.
fn any_leftover() -> impl Strategy<Value = Leftover> {
    let owners = ["u-lives", "u-ended", "u-just-ended", "u-evicted", "u-executor", "u-gone"];
    let owners = prop::collection::vec(prop::sample::select(owners.to_vec()), 0..3);
    let kind = prop::sample::select(ORDER.to_vec());
    (kind, prop::sample::select(vec![ID, "job"]), prop::sample::select(vec![OLD, YOUNG]), owners)
        .prop_map(|(kind, id, made, owners)| leftover(kind, id, made, &owners))
}

proptest! {
    #[test]
    fn whatever_there_is_nothing_young_and_nothing_of_the_living_goes(
        mut leftovers in prop::collection::vec(any_leftover(), 0..60), orphans: bool,
    ) {
        for (number, it) in leftovers.iter_mut().enumerate() {
            it.metadata.uid = format!("u-{number}");
        }
        for application in decide(&leftovers, &pods(), &Wish { orphans, ..wish() }) {
            for removal in &application.removals {
                let goes = |it: &Leftover| {
                    let named = removal.objects.iter().any(|named| named.uid == it.metadata.uid);
                    let selected = it.application_id == application.application_id && it.kind == removal.kind;
                    named || removal.together && selected
                };
                for it in leftovers.iter().filter(|it| goes(it)) {
                    let is_dead = |uid: &str| ["u-gone", "u-ended", "u-evicted"].contains(&uid);
                    prop_assert!(it.metadata.owner_references.iter().all(|owner| is_dead(&owner.uid)), "{it:?}");
                    prop_assert!(orphans || !it.metadata.owner_references.is_empty(), "{it:?}");
                    prop_assert_eq!(it.metadata.creation_timestamp, Some(at(OLD)));
                }
            }
        }
    }
}
