//! What a sweep says: a table for people, JSON for programs.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use codriver_kube::Kind;
use serde_json::{Value, json};

use super::decide::{Application, Dead};
use crate::cleanup::controllers;

impl Application {
    /// How many objects of these kinds go.
    fn count(&self, kinds: &[Kind]) -> usize {
        self.removals.iter().filter(|it| kinds.contains(&it.kind)).map(|it| it.objects.len()).sum()
    }

    /// Of executors, ConfigMaps, claims and controllers.
    pub fn counts(&self) -> [usize; 4] {
        let [pods, maps, claims] = Kind::ALL.map(|kind| self.count(&[kind]));
        [pods, maps, claims, self.count(&controllers::KINDS)]
    }

    fn driver_in_words(&self) -> String {
        let name = self.driver.as_deref().unwrap_or("?");
        match self.dead {
            Dead::Gone => format!("{name}, gone"),
            Dead::Ended => format!("{name}, ended"),
            Dead::NoOwner => "no owner".to_owned(),
        }
    }
}

const HEAD: [&str; 8] =
    ["NAMESPACE", "APPLICATION", "DRIVER", "EXECUTORS", "CONFIGMAPS", "CLAIMS", "CONTROLLERS", "OLDEST"];

/// Nothing when there is nothing.
pub fn table(applications: &[Application], now: SystemTime) -> String {
    if applications.is_empty() {
        return String::new();
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(applications.iter().map(|it| {
        let [pods, maps, claims, controllers] = it.counts().map(|count| count.to_string());
        let age = now.duration_since(it.oldest.into()).unwrap_or_default();
        let (namespace, id) = (it.namespace.clone(), it.application_id.clone());
        [namespace, id, it.driver_in_words(), pods, maps, claims, controllers, in_words(age)]
    }));
    let mut widths = [0; HEAD.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Always an object.
pub fn json(applications: &[Application], dry_run: bool, removed: usize, problems: &[String]) -> Value {
    let applications: Vec<_> = applications
        .iter()
        .map(|it| {
            let [executors, config_maps, claims, controllers] = it.counts();
            json!({
                "namespace": it.namespace,
                "application_id": it.application_id,
                "driver": it.driver,
                "driver_is": match it.dead { Dead::Gone => "gone", Dead::Ended => "ended", Dead::NoOwner => "unknown" },
                "executors": executors,
                "config_maps": config_maps,
                "claims": claims,
                "controllers": controllers,
                "oldest": it.oldest.to_string(),
            })
        })
        .collect();
    json!({ "dry_run": dry_run, "applications": applications, "removed": removed, "problems": problems })
}

fn in_words(age: Duration) -> String {
    match age.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use codriver_kube::Timestamp;

    use super::*;
    use crate::{cleanup::strays::Named, sweep::decide::Removal};

    fn application() -> Application {
        let object = Named { name: "e".into(), uid: "u".into() };
        Application {
            namespace: "etl".into(),
            application_id: "spark-1f-1".into(),
            driver: Some("daily-0".into()),
            dead: Dead::Gone,
            oldest: Timestamp::parse("2026-11-22T22:00:00Z").unwrap(),
            removals: vec![Removal { kind: Kind::Pods, objects: vec![object; 40], together: true }],
        }
    }

    #[test]
    fn the_table_is_for_people_and_silent_when_there_is_nothing() {
        let now = SystemTime::from(Timestamp::parse("2026-11-23T01:00:30Z").unwrap());
        assert_eq!(
            table(&[application()], now),
            "NAMESPACE  APPLICATION  DRIVER         EXECUTORS  CONFIGMAPS  CLAIMS  CONTROLLERS  OLDEST\n\
             etl        spark-1f-1   daily-0, gone  40         0           0       0            3 h\n"
        );
        assert_eq!(table(&[], now), "");
    }

    #[test]
    fn the_json_has_the_same() {
        let value = json(&[application()], true, 0, &[]);
        assert_eq!(value["applications"][0]["executors"], 40);
        assert_eq!(value["applications"][0]["oldest"], "2026-11-22T22:00:00Z");
        assert_eq!((value["dry_run"].as_bool(), value["removed"].as_u64()), (Some(true), Some(0)));
    }
}
