//! Keeps a process that serves credentials to itself: no core dump, and none of its memory, variables or descriptors under /proc
//! for others of the same user, as the containers of a pod that shares its process namespace may be.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::failure::Failure;

/// From now on, for good. Whoever is root or may trace all processes still can.
///
/// # Errors
/// When the kernel refuses it.
pub fn hide_memory() -> Result<(), Failure> {
    // The limit alone does not stop a core that is piped to a program (core(5)); that the process is not dumpable does, and is
    // also what closes /proc (prctl(2), PR_SET_DUMPABLE).
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable)).map_err(
        |error| Failure::Kernel {
            doing: "switch core dumps off",
            source: io::Error::from_raw_os_error(error.raw_os_error()),
        },
    )
}
