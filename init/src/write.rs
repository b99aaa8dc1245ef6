//! Writes what was planned into the volume.

use std::collections::BTreeSet;
use std::path::Path;

use tracing::info;

use crate::failure::Failure;
use crate::plan::{File, Plan};
use crate::prove::Proof;
use crate::settings::{Mode, Settings};
use crate::volume::SHARED_FOLDERS;
use crate::{endpoint_files, install, place};

/// Writes all files, each whole or not at all. The report comes last: where it is, everything is.
///
/// # Errors
/// What the volume refuses, and keys that no file can carry.
pub fn write(settings: &Settings, plan: &Plan, proof: &Proof, report: &str) -> Result<(), Failure> {
    let dir = &settings.dir;
    let core_site = plan.core_site(settings, &proof.credentials)?;
    let files: Vec<&File> = plan.files.iter().chain([&core_site]).collect();
    // The volume itself is the kubelet's: it belongs to root, and nobody else may change its mode.
    let folders = files.iter().filter_map(|file| file.path.parent()).filter(|name| !name.as_os_str().is_empty());
    for name in folders.chain([Path::new("bin")]).collect::<BTreeSet<_>>() {
        place::folder(&dir.join(name), place::FOLDER)?;
    }
    for name in SHARED_FOLDERS {
        place::folder(&dir.join(name), place::SHARED)?;
    }
    if settings.mode != Mode::Endpoint {
        // Of an earlier run in that mode; it would lead clients to where nobody serves.
        for stale in endpoint_files::ALL {
            let _ = std::fs::remove_file(dir.join(stale));
        }
    }
    for file in files {
        place::file(&dir.join(&file.path), file.mode, &mut file.content.expose().as_bytes())?;
        info!(file = %file.path.display(), "written");
    }
    install::install(settings.wrapper_source.as_deref(), dir)?;
    info!(file = "bin/codriver", "installed");
    place::file(&dir.join("report.json"), place::READABLE, &mut report.as_bytes())
}
