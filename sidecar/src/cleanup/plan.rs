//! Which request comes next, given what the ones before have found. Knows no clock and no server.

use std::collections::BTreeSet;
use std::time::Duration;

use codriver_kube::Kind;

use super::controllers;
use super::strays::{Around, Named, Seen};
use super::{Keep, Wishes};

/// Looks in a row that must find nothing. A request of the driver's that was under way when it ended may be carried out
/// after the first one.
const QUIET_LOOKS: u8 = 2;
/// The pause before the second round of looks; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause: what is left then waits for its grace period or its volume, and a look costs the server something.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What to do next. The number is the goal's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "the plan waits for what comes of each step"]
pub(super) enum Step {
    /// Delete all that the goal's selector selects; answered by [`Plan::removed`].
    Remove(usize),
    /// Delete these objects of the goal alone; answered by [`Plan::removed`].
    RemoveEach(usize, Vec<Named>),
    /// List them; answered by [`Plan::looked`].
    Look(usize),
    /// List the executors that failed; answered by [`Plan::looked_at_failed`].
    LookAtFailed,
    /// List all executors of the driver's pod; answered by [`Plan::looked_around`].
    LookAround,
    /// Wait.
    Pause(Duration),
    /// Nothing is left, or nothing more can be done.
    Done,
}

/// The objects of one kind that bear one application id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) kind: Kind,
    pub(super) application_id: String,
    /// The id is not the attempt's own, so that only what its pod owns is to be removed.
    pub(super) is_stray: bool,
}

#[derive(Debug)]
struct Progress {
    goal: Goal,
    /// A removal that is due.
    due: Option<Removal>,
    /// Looked at since the last pause.
    looked: bool,
    /// Looks in a row that found nothing.
    quiet: u8,
    /// The server refuses it for good.
    refused: bool,
    left: Option<usize>,
}

#[derive(Debug, Clone)]
enum Removal {
    Together,
    Each(Vec<Named>),
}

impl Progress {
    fn new(goal: Goal, due: Option<Removal>) -> Self {
        Self { goal, due, looked: false, quiet: 0, refused: false, left: None }
    }

    /// Nothing of it is to be removed.
    fn kept(goal: Goal) -> Self {
        Self { quiet: QUIET_LOOKS, left: Some(0), ..Self::new(goal, None) }
    }

    fn is_settled(&self) -> bool {
        self.refused || self.quiet >= QUIET_LOOKS
    }

    fn is_controller(&self) -> bool {
        controllers::KINDS.contains(&self.goal.kind)
    }

    fn found_nothing(&mut self) {
        // A second look without a pause before it tells nothing new.
        self.quiet += u8::from(!self.looked);
        self.looked = true;
        self.left = Some(0);
    }
}

/// What is known, and what follows from it.
#[derive(Debug)]
pub(super) struct Plan {
    goals: Vec<Progress>,
    keep: Keep,
    /// Executors that failed and are kept, once they were looked at.
    failed: Option<usize>,
    looked_around: bool,
    /// Another attempt lives, and may use the same stray application id.
    others_live: bool,
    pause: Duration,
}

/// The goal of the attempt's own executors; it is there from the start, and a look around counts for it.
const OWN_EXECUTORS: usize = 0;

impl Plan {
    /// A plan for what bears this application id. With `others_live`, nothing that another attempt could have made is
    /// removed by its label.
    pub(super) fn new(application_id: &str, others_live: bool, wishes: Wishes) -> Self {
        let keep = wishes.keep;
        let is_kept = |kind| keep == Keep::All && kind != Kind::PersistentVolumeClaims;
        let goals = goals(application_id, false).map(|goal| match goal.kind {
            kind if is_kept(kind) => Progress::kept(goal),
            _ => Progress::new(goal, Some(Removal::Together)),
        });
        let (goals, looked_around) = (goals.collect(), keep == Keep::All);
        let mut plan = Self { goals, keep, failed: None, looked_around, others_live, pause: FIRST_PAUSE };
        if wishes.controllers {
            plan.has_controllers(OWN_EXECUTORS);
        }
        plan
    }

    /// Controllers make the executors of this goal: they go first, for they would make executors anew.
    pub(super) fn has_controllers(&mut self, at: usize) {
        let Goal { application_id, is_stray, .. } = self.goals[at].goal.clone();
        let known = self.goals.iter().any(|it| it.is_controller() && it.goal.application_id == application_id);
        if !known && self.keep != Keep::All {
            let goal = |kind| Goal { kind, application_id: application_id.clone(), is_stray };
            self.goals.extend(controllers::KINDS.map(|kind| Progress::new(goal(kind), None)));
        }
    }

    /// The next step; the same one again until it is answered.
    pub(super) fn next(&mut self) -> Step {
        let controllers = || self.goals.iter().enumerate().filter(|(_, it)| it.is_controller());
        if let Some((at, _)) = controllers().find(|(_, it)| it.due.is_none() && !it.is_settled() && !it.looked) {
            return Step::Look(at);
        }
        let due = controllers().chain(self.goals.iter().enumerate()).find_map(|(at, it)| Some((at, it.due.clone()?)));
        match due {
            Some((at, Removal::Together)) => return Step::Remove(at),
            Some((at, Removal::Each(named))) => return Step::RemoveEach(at, named),
            None => {}
        }
        if self.keep == Keep::Failed && self.failed.is_none() {
            return Step::LookAtFailed;
        }
        if !self.looked_around {
            return Step::LookAround;
        }
        if let Some(at) = self.goals.iter().position(|it| !it.is_settled() && !it.looked) {
            return Step::Look(at);
        }
        if self.goals.iter().all(Progress::is_settled) {
            return Step::Done;
        }
        self.goals.iter_mut().for_each(|it| it.looked = false);
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        Step::Pause(pause)
    }

    pub(super) fn goal(&self, at: usize) -> &Goal {
        &self.goals[at].goal
    }

    /// A removal was carried out and found this many objects.
    pub(super) fn removed(&mut self, at: usize, found: usize) {
        let it = &mut self.goals[at];
        it.due = None;
        if found == 0 {
            it.found_nothing();
        } else {
            (it.quiet, it.left) = (0, None);
        }
    }

    /// A look was taken.
    pub(super) fn looked(&mut self, at: usize, seen: Seen) {
        let is_shared = self.goals[at].goal.is_stray && (seen.others || self.others_live);
        let together = !is_shared && !self.goals[at].is_controller();
        let it = &mut self.goals[at];
        let left = seen.ours.len() + seen.leaving;
        if left == 0 {
            it.found_nothing();
            return;
        }
        (it.quiet, it.looked, it.left) = (0, true, Some(left));
        it.due = match seen.ours {
            ours if ours.is_empty() => None,
            _ if together => Some(Removal::Together),
            ours => Some(Removal::Each(ours)),
        };
    }

    /// The executors that failed were looked at. None stays when all of them only lost their driver.
    pub(super) fn looked_at_failed(&mut self, found: usize, by_themselves: usize) {
        if by_themselves == 0 {
            self.keep = Keep::Nothing;
            if found > 0 && !self.goals[OWN_EXECUTORS].refused {
                let own = &mut self.goals[OWN_EXECUTORS];
                (own.due, own.quiet, own.left) = (Some(Removal::Together), 0, None);
            }
        }
        self.failed = Some(if by_themselves == 0 { 0 } else { found });
    }

    /// Whether executors that failed are not to be removed, as far as is known now.
    pub(super) fn spares_failed(&self) -> bool {
        self.keep == Keep::Failed
    }

    /// What stays because it was asked for; of failed ones, how many.
    pub(super) fn kept(&self) -> (Keep, usize) {
        (self.keep, self.failed.unwrap_or(0))
    }

    /// A look around was taken. It counts as a look at the attempt's own executors where these bear the label that it went by.
    pub(super) fn looked_around(&mut self, around: Around, counts: bool) {
        self.looked_around = true;
        if counts && !self.goals[OWN_EXECUTORS].refused {
            self.looked(OWN_EXECUTORS, around.own);
        }
        let strays: BTreeSet<String> = around.strays;
        self.goals.extend(strays.iter().flat_map(|id| goals(id, true)).map(|goal| Progress::new(goal, None)));
    }

    /// The server refuses this goal for good.
    pub(super) fn refused(&mut self, at: usize) {
        (self.goals[at].refused, self.goals[at].due) = (true, None);
    }

    /// The server refuses to list executors, or those that failed, for good.
    pub(super) fn cannot_look_around(&mut self) {
        self.looked_around = true;
        self.failed = self.failed.or(Some(0));
        self.refused(OWN_EXECUTORS);
    }

    /// Whether no executor was there at the last look.
    pub(super) fn executors_are_gone(&self) -> bool {
        self.keep != Keep::All && self.looked_around && self.left(Kind::Pods) == Some(0)
    }

    /// How many of this kind were there at the last look; `None` when nobody could look since.
    pub(super) fn left(&self, kind: Kind) -> Option<usize> {
        self.goals.iter().filter(|it| it.goal.kind == kind).map(|it| it.left).sum()
    }
}

fn goals(application_id: &str, is_stray: bool) -> impl Iterator<Item = Goal> {
    Kind::ALL.into_iter().map(move |kind| Goal { kind, application_id: application_id.to_owned(), is_stray })
}

#[cfg(test)]
mod tests;
