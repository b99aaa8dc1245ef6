//! Who may stay connected: so many and no more, and a stranger goes before one who has shown the token. A neighbour that
//! opens thousands of connections displaces its own.

use std::collections::BTreeMap;

/// Connections at once. Each holds some 10 KiB; 64 executor threads that ask at the same time find room.
pub const MOST: usize = 128;

/// Those who are connected, oldest first; `T` is what ends one.
#[derive(Debug)]
pub struct Crowd<T> {
    next: u64,
    members: BTreeMap<u64, (T, bool)>,
}

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Self { next: 0, members: BTreeMap::new() }
    }
}

impl<T> Crowd<T> {
    /// Takes one in; whom it displaces comes back, to be ended.
    pub fn admit(&mut self, member: impl FnOnce(u64) -> T) -> Option<T> {
        let displaced = (self.members.len() >= MOST).then(|| self.oldest()).flatten();
        let displaced = displaced.and_then(|id| self.members.remove(&id)).map(|(member, _)| member);
        let id = self.next;
        self.next += 1;
        self.members.insert(id, (member(id), false));
        displaced
    }

    fn oldest(&self) -> Option<u64> {
        let stranger = self.members.iter().find(|(_, (_, trusted))| !trusted).map(|(id, _)| *id);
        stranger.or_else(|| self.members.keys().next().copied())
    }

    /// It has shown the token.
    pub fn trust(&mut self, id: u64) {
        if let Some((_, trusted)) = self.members.get_mut(&id) {
            *trusted = true;
        }
    }

    /// It is gone.
    pub fn leave(&mut self, id: u64) {
        self.members.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All places taken by 0, 1, 2, …
    fn full() -> Crowd<u64> {
        let mut crowd = Crowd::default();
        for _ in 0..MOST {
            assert_eq!(crowd.admit(|id| id), None);
        }
        crowd
    }

    #[test]
    fn a_newcomer_displaces_the_oldest_stranger() {
        let mut crowd = full();
        assert_eq!(crowd.admit(|id| id), Some(0));
        crowd.trust(1);
        crowd.trust(2);
        assert_eq!(crowd.admit(|id| id), Some(3));
    }

    #[test]
    fn where_all_are_trusted_the_oldest_goes() {
        let mut crowd = full();
        (0..MOST as u64).for_each(|id| crowd.trust(id));
        assert_eq!(crowd.admit(|id| id), Some(0));
        // The newcomer is a stranger, and so the next one to go.
        assert_eq!(crowd.admit(|id| id), Some(MOST as u64));
    }

    #[test]
    fn who_leaves_makes_room() {
        let mut crowd = full();
        crowd.leave(7);
        crowd.leave(7);
        assert_eq!(crowd.admit(|id| id), None);
        assert_eq!(crowd.admit(|id| id), Some(0));
    }
}
