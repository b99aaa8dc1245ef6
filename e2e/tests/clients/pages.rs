//! What `docs/clients.md` says was tried is what is tried.

use std::fs;

use codriver_e2e::kubectl::HERE;

use crate::world::Known;

/// # Errors
/// The rows that are missing.
pub fn name_each_version(clients: &[Known]) -> Result<(), String> {
    let page = fs::read_to_string(format!("{HERE}/../docs/clients.md")).unwrap();
    let row = |client: &Known| format!("| {} | {} |", client.name, client.version);
    let missing: Vec<String> = clients.iter().map(row).filter(|row| !page.contains(row)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("docs/clients.md has no rows {missing:#?}")) }
}
