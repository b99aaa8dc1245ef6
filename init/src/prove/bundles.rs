//! Reads the bundles of certificates that are to be trusted.

use std::collections::BTreeSet;
use std::path::PathBuf;

use codriver_creds::Roots;

use crate::failure::{Exit, Failure, Fault};
use crate::place::read;

/// More than any bundle of certificates.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Reads all of them.
///
/// # Errors
/// Each that cannot be read or used, together, with [`Exit::Configuration`].
pub fn read_all(paths: &BTreeSet<PathBuf>) -> Result<Roots, Failure> {
    let mut roots = Roots::default();
    let mut faults = Vec::new();
    for path in paths {
        let added = match read(path, LONGEST) {
            Ok(pem) => roots.add_pem(&pem).map_err(|error| error.to_string()),
            Err(error) => Err(format!("cannot be read: {error}")),
        };
        if let Err(problem) = added {
            faults.push(Fault::new(
                format!("{} {problem}", path.display()),
                "set AWS_CA_BUNDLE or SSL_CERT_FILE to a file of PEM certificates, mounted into this container",
            ));
        }
    }
    if faults.is_empty() { Ok(roots) } else { Err(Failure { exit: Exit::Configuration, faults }) }
}
