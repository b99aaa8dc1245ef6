//! Visits every state that can be reached, breadth first, and tells the way to the first one that breaks a promise.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Debug,
    hash::{BuildHasher, Hash, RandomState},
    mem,
};

/// Something whose states can be enumerated.
pub trait Model: Sized {
    /// All that can happen next, each with its name. A state without any is an end.
    fn next(&self) -> Vec<(String, Self)>;
    /// The promise that this state breaks.
    fn broken(&self) -> Option<String>;
    /// Whether nothing is left to do here.
    fn is_over(&self) -> bool;
}

/// What a visit of all states found.
#[derive(Debug)]
pub struct Found {
    pub states: usize,
    pub steps: usize,
    /// The number of steps to the farthest state.
    pub depth: u32,
    pub ends: usize,
}

/// A model with more states is too large for a test.
const LARGEST: usize = 3_000_000;

/// How a state was reached first. States themselves are kept only until they are visited, and known by their hashes: two of a
/// million states share one of 64 bits with a probability of 1 in 30 million.
struct Way {
    before: u32,
    by: Box<str>,
    depth: u32,
}

/// Visits everything that follows from `start`.
///
/// # Errors
/// With the promise that is broken and the steps that lead there: one of [`Model::broken`]; a state that is no end and from which
/// nothing follows; or one from which no end can be reached any more.
pub fn explore<M: Model + Hash + Debug>(start: M) -> Result<Found, String> {
    let hasher = RandomState::new();
    let mut known = HashMap::from([(hasher.hash_one(&start), 0)]);
    let mut ways = vec![Way { before: 0, by: "start".into(), depth: 0 }];
    let mut waiting = VecDeque::from([(0, start)]);
    let (mut edges, mut ends) = (Vec::new(), Vec::new());
    while let Some((at, state)) = waiting.pop_front() {
        let broken = |promise: &str| Err(format!("{promise}, after\n{}in\n{state:#?}", steps_to(&ways, at)));
        if let Some(promise) = state.broken() {
            return broken(&promise);
        }
        let followers = state.next();
        match (state.is_over(), followers.is_empty()) {
            (true, _) => ends.push(at),
            (false, true) => return broken("nothing can happen any more, and it is not over"),
            (false, false) => {}
        }
        let depth = ways[at as usize].depth + 1;
        for (by, follower) in followers {
            let number = *known.entry(hasher.hash_one(&follower)).or_insert_with(|| {
                ways.push(Way { before: at, by: by.into(), depth });
                let number = u32::try_from(ways.len() - 1).unwrap_or(u32::MAX);
                waiting.push_back((number, follower));
                number
            });
            edges.push((number, at));
        }
        assert!(ways.len() < LARGEST, "more states than a test can visit");
    }
    if let Some(lost) = without_end(ways.len(), &mut edges, &ends) {
        return Err(format!("no end can be reached any more, after\n{}", steps_to(&ways, lost)));
    }
    let depth = ways.last().map_or(0, |last| last.depth);
    Ok(Found { states: ways.len(), steps: edges.len(), depth, ends: ends.len() })
}

/// A state from which none of the ends can be reached; `edges` lead from the second to the first.
fn without_end(states: usize, edges: &mut [(u32, u32)], ends: &[u32]) -> Option<u32> {
    edges.sort_unstable();
    let mut reaches = vec![false; states];
    let mut queue = VecDeque::from_iter(ends.iter().copied());
    ends.iter().for_each(|&end| reaches[end as usize] = true);
    while let Some(at) = queue.pop_front() {
        let first = edges.partition_point(|(to, _)| *to < at);
        for &(_, before) in edges[first..].iter().take_while(|(to, _)| *to == at) {
            if !mem::replace(&mut reaches[before as usize], true) {
                queue.push_back(before);
            }
        }
    }
    reaches.iter().position(|reaches| !reaches).and_then(|lost| u32::try_from(lost).ok())
}

fn steps_to(ways: &[Way], mut at: u32) -> String {
    let mut steps = Vec::new();
    while at != 0 {
        let way = &ways[at as usize];
        steps.push(format!("  {}\n", way.by));
        at = way.before;
    }
    steps.into_iter().rev().collect()
}
