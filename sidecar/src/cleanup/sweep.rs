//! Carries out the plan: makes the requests, waits, and keeps the accounts.

use std::collections::HashMap;
use std::time::Duration;

use codriver_kube::{Client, Collection, Error, Kind, Object, View};
use tokio::time::{Instant, sleep, timeout};

use super::controllers;
use super::failures::Failures;
use super::plan::{Goal, Plan, Step};
use super::reaction::{Reaction, react};
use super::requests::{How, Requests};
use super::strays::{Around, Named, Seen, all_executors, is_labelled, is_of_attempt, selector};
use super::{Outcome, Tally, Target};

/// One cleanup under way.
pub(super) struct Sweep<'a> {
    target: &'a Target,
    plan: Plan,
    requests: Requests<'a>,
    books: Books,
    started: Instant,
    executors_gone_after: Option<Duration>,
    problems: Vec<String>,
}

/// What the deletions have found.
#[derive(Default)]
struct Books {
    /// Each object once, by its uid: one in its grace period is found again and again.
    deleted: HashMap<String, Kind>,
    failures: Failures,
    /// An executor of the attempt's own lacks the label that a look around goes by.
    unlabelled: bool,
}

/// Executors that failed stay, when that is asked for.
const NOT_FAILED: &str = "status.phase!=Failed";
const FAILED: &str = "status.phase=Failed";

impl<'a> Sweep<'a> {
    pub(super) fn new(client: &'a Client, target: &'a Target) -> Self {
        Self {
            target,
            plan: Plan::new(&target.application_id, !target.live.is_empty(), target.wishes),
            requests: Requests::new(client),
            books: Books::default(),
            started: Instant::now(),
            executors_gone_after: None,
            problems: Vec::new(),
        }
    }

    pub(super) async fn run(mut self, deadline: Duration) -> Outcome {
        if timeout(deadline, self.work()).await.is_err() {
            let problem = self.too_late(deadline);
            tracing::warn!(%problem, "cleanup: not done in time");
            self.problems.push(problem);
        }
        self.outcome()
    }

    async fn work(&mut self) {
        loop {
            let step = self.plan.next();
            let result = match &step {
                Step::Remove(goal) => self.remove(*goal).await,
                Step::RemoveEach(goal, named) => self.remove_each(*goal, named).await,
                Step::Look(goal) => self.look(*goal).await,
                Step::LookAtFailed => self.look_at_failed().await,
                Step::LookAround => self.look_around().await,
                Step::Pause(pause) => {
                    sleep(*pause).await;
                    Ok(())
                }
                Step::Done => return,
            };
            if let Err(error) = result {
                self.meet(&step, error).await;
            }
            self.watch_executors();
        }
    }

    async fn remove(&mut self, goal: usize) -> Result<(), Error> {
        let kind = self.plan.goal(goal).kind;
        let selector = selector(kind, &self.plan.goal(goal).application_id);
        let of = self.collection(kind, &selector);
        let (grace, view) = match kind {
            // In full, since the pods say why they failed.
            Kind::Pods => (Some(self.target.grace), View::Full),
            _ => (None, View::Metadata),
        };
        let (mut found, mut controlled, books, target) = (0, false, &mut self.books, self.target);
        let mut each = |object: Object| {
            found += 1;
            if kind == Kind::Pods {
                controlled |= controllers::has_made(&object.metadata);
                books.unlabelled |= !is_labelled(&object.metadata, &target.driver_uid);
                if !books.deleted.contains_key(&object.metadata.uid) {
                    books.failures.note(&object, target.ended_at);
                }
            }
            books.deleted.insert(object.metadata.uid, kind);
        };
        self.requests.pages(&of, How::Delete { view, grace }, &mut each).await?;
        self.plan.removed(goal, found);
        if controlled {
            self.plan.has_controllers(goal);
        }
        Ok(())
    }

    async fn remove_each(&mut self, goal: usize, named: &[Named]) -> Result<(), Error> {
        let kind = self.plan.goal(goal).kind;
        let grace = (kind == Kind::Pods).then_some(self.target.grace);
        for object in named {
            self.requests.one(kind, &self.target.namespace, object, grace).await?;
            self.books.deleted.insert(object.uid.clone(), kind);
        }
        self.plan.removed(goal, named.len());
        Ok(())
    }

    async fn look(&mut self, goal: usize) -> Result<(), Error> {
        let (target, Goal { kind, application_id, is_stray }) = (self.target, self.plan.goal(goal).clone());
        let selector = selector(kind, &application_id);
        let of = self.collection(kind, &selector);
        let is_controller = controllers::KINDS.contains(&kind);
        let (mut seen, mut controlled) = (Seen::default(), false);
        let mut each = |object: Object| {
            let object = &object.metadata;
            // Of controllers the list has all that there are.
            if is_controller && controllers::application_id(kind, &object.name) != Some(&application_id) {
                return;
            }
            controlled |= kind == Kind::Pods && controllers::has_made(object);
            seen.add(object, !is_stray || is_of_attempt(object, target));
        };
        self.requests.pages(&of, How::List(View::Metadata), &mut each).await?;
        self.plan.looked(goal, seen);
        if controlled {
            self.plan.has_controllers(goal);
        }
        Ok(())
    }

    /// Of pods, those that failed are left out when they are to stay.
    fn collection<'b>(&self, kind: Kind, selector: &'b str) -> Collection<'b>
    where
        'a: 'b,
    {
        let fields = if kind == Kind::Pods && self.plan.spares_failed() { NOT_FAILED } else { "" };
        Collection { kind, namespace: &self.target.namespace, selector, fields }
    }

    async fn look_at_failed(&mut self) -> Result<(), Error> {
        let selector = selector(Kind::Pods, &self.target.application_id);
        let of = Collection { fields: FAILED, ..self.collection(Kind::Pods, &selector) };
        let (mut found, mut failures, ended_at) = (0, Failures::default(), self.target.ended_at);
        let mut each = |pod: Object| {
            found += 1;
            failures.note(&pod, ended_at);
        };
        self.requests.pages(&of, How::List(View::Full), &mut each).await?;
        self.plan.looked_at_failed(found, failures.total);
        if failures.total > 0 {
            self.books.failures = failures;
        }
        Ok(())
    }

    async fn look_around(&mut self) -> Result<(), Error> {
        let target = self.target;
        let selector = all_executors(&target.driver_uid);
        let of = self.collection(Kind::Pods, &selector);
        let mut around = Around::default();
        self.requests.pages(&of, How::List(View::Metadata), &mut |pod| around.add(&pod.metadata, target)).await?;
        self.plan.looked_around(around, !self.books.unlabelled);
        Ok(())
    }

    /// After a failure: waits, or lets the plan know that waiting does not help. A step that is not answered comes again.
    async fn meet(&mut self, step: &Step, error: Error) {
        match react(&error, self.requests.failed_in_a_row()) {
            Reaction::Wait(pause) => self.requests.wait(error, pause).await,
            Reaction::NothingThere => match step {
                Step::Remove(goal) | Step::RemoveEach(goal, _) => self.plan.removed(*goal, 0),
                Step::Look(goal) => self.plan.looked(*goal, Seen::default()),
                Step::LookAtFailed => self.plan.looked_at_failed(0, 0),
                _ => self.plan.looked_around(Around::default(), true),
            },
            Reaction::GiveUp => {
                let problem = error.to_string();
                tracing::warn!(%problem, "cleanup: given up");
                if !self.problems.contains(&problem) {
                    self.problems.push(problem);
                }
                match step {
                    Step::Remove(goal) | Step::RemoveEach(goal, _) | Step::Look(goal) => self.plan.refused(*goal),
                    _ => self.plan.cannot_look_around(),
                }
            }
        }
    }

    fn watch_executors(&mut self) {
        let gone = self.plan.executors_are_gone();
        self.executors_gone_after = gone.then(|| self.executors_gone_after.unwrap_or_else(|| self.started.elapsed()));
    }

    fn too_late(&self, deadline: Duration) -> String {
        let left: Vec<_> = Kind::ALL
            .into_iter()
            .chain(controllers::KINDS.into_iter().filter(|kind| self.plan.left(*kind) != Some(0)))
            .map(|kind| match self.plan.left(kind) {
                Some(left) => format!("{left} {kind}"),
                None => format!("an unknown number of {kind}"),
            })
            .collect();
        let trouble = self.requests.trouble().map_or(String::new(), |error| format!("; at last: {error}"));
        format!(
            "the cleanup was not done within its {} s, and leaves {}{trouble} — hint: what the driver's pod owns goes \
             with it; to remove it now: kubectl delete pods,configmaps,persistentvolumeclaims -n {} -l {}",
            deadline.as_secs_f32(),
            left.join(", "),
            self.target.namespace,
            selector(Kind::PersistentVolumeClaims, &self.target.application_id),
        )
    }

    fn outcome(self) -> Outcome {
        let tally = |kind| {
            let left = self.plan.left(kind);
            let deleted = self.books.deleted.values().filter(|it| **it == kind).count();
            Tally { removed: deleted.saturating_sub(left.unwrap_or(0)), left }
        };
        let [sets, deployments] = controllers::KINDS.map(tally);
        let (kept, kept_failed) = self.plan.kept();
        Outcome {
            controllers: Tally {
                removed: sets.removed + deployments.removed,
                left: sets.left.zip(deployments.left).map(|(one, other)| one + other),
            },
            kept,
            kept_failed,
            pods: tally(Kind::Pods),
            config_maps: tally(Kind::ConfigMaps),
            claims: tally(Kind::PersistentVolumeClaims),
            executors_gone_after: self.executors_gone_after,
            took: self.started.elapsed(),
            requests: self.requests.made(),
            failures: self.books.failures,
            problems: self.problems,
        }
    }
}
