//! What a thread dump says of why a JVM lives: its main method, and the threads that are no daemons.

use std::fmt;

/// How many threads are named.
const NAMED: usize = 5;
/// Characters of a thread's name.
const NAME: usize = 60;
/// The main thread is called so once its main method has returned or thrown, while it waits for the others (HotSpot:
/// `JavaMain`, `JNI_DestroyJavaVM`).
const MAIN_IS_OVER: &str = "DestroyJavaVM";

/// What was heard so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Threads {
    /// The main method has returned or thrown.
    pub main_is_over: bool,
    names: Vec<String>,
    count: usize,
}

impl Threads {
    /// Takes a line of the dump. A thread's first is `"name" #12 [4711] daemon prio=5 …`, the native thread's id since JDK 21
    /// only; the JVM's own threads have no number and keep nothing alive. A name may have quotes in it, and ends of lines.
    pub fn hear(&mut self, line: &str) {
        let Some((name, rest)) = line.rsplit_once("\" #").filter(|_| !line.starts_with('\t')) else { return };
        let Some((kind, _)) = rest.split_once(" prio=") else { return };
        let name = name.strip_prefix('"').unwrap_or(name);
        if name == MAIN_IS_OVER {
            self.main_is_over = true;
        } else if !kind.ends_with(" daemon") {
            self.count += 1;
            if self.names.len() < NAMED {
                self.names.push(name.chars().filter(|c| !c.is_control()).take(NAME).collect());
            }
        }
    }
}

impl fmt::Display for Threads {
    /// The names of those that keep the JVM alive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.names.iter().enumerate() {
            write!(f, "{}`{name}`", if at == 0 { "" } else { ", " })?;
        }
        match self.count - self.names.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard(dump: &str) -> Threads {
        let mut threads = Threads::default();
        dump.lines().for_each(|line| threads.hear(line));
        threads
    }

    /// As OpenJDK 17 writes it.
    const OVER: &str = "Full thread dump OpenJDK 64-Bit Server VM (17.0.15+6 mixed mode, sharing):\n\n\
        \"Finalizer\" #3 daemon prio=8 os_prio=0 cpu=0.35ms elapsed=3.27s tid=0x00007f33 nid=0x3fce in Object.wait()\n\
        \x20  java.lang.Thread.State: WAITING (on object monitor)\n\tat java.lang.Object.wait(java.base@17/Native Method)\n\n\
        \"Timer-0\" #13 prio=5 os_prio=0 cpu=0.12ms elapsed=2.59s tid=0x00007f33 nid=0x3fde in Object.wait()\n\
        \"left \"over\" daemon\n pool-1\" #12 prio=5 os_prio=0 cpu=0.25ms tid=0x00007f33 nid=0x3fdb waiting\n\
        \"DestroyJavaVM\" #14 prio=5 os_prio=0 cpu=61.04ms elapsed=2.59s tid=0x00007f33 nid=0x3fc6 waiting\n\
        \"VM Thread\" os_prio=0 cpu=0.54ms elapsed=3.28s tid=0x00007f33 nid=0x3fcc runnable\n";

    #[test]
    fn what_keeps_a_jvm_alive_is_named_and_whether_main_is_over_is_seen() {
        for (dump, over, names) in [
            (OVER, true, "`Timer-0`, ` pool-1`"),
            ("\"main\" #1 [4711] prio=5 os_prio=0 cpu=1ms\n\"x\" #9 [4712] daemon prio=5\n", false, "`main`"),
            ("\"my daemon\" #1 prio=5\n\"5\" #2 daemon prio=5\n", false, "`my daemon`"),
            ("\tat \"DestroyJavaVM\" #1 prio=5\n\"DestroyJavaVM\" nothing\n", false, ""),
            ("", false, ""),
        ] {
            let threads = heard(dump);
            assert_eq!((threads.main_is_over, threads.to_string().as_str()), (over, names), "{dump}");
        }
    }

    #[test]
    fn of_many_only_a_few_are_named_and_of_a_long_name_only_its_beginning() {
        let dump: String = (1..=7).map(|number| format!("\"pool-{number}\" #{number} prio=5\n")).collect();
        assert_eq!(heard(&dump).to_string(), "`pool-1`, `pool-2`, `pool-3`, `pool-4`, `pool-5` and 2 more");
        let long = heard(&format!("\"{}\" #1 prio=5\n", "ä".repeat(1000)));
        assert_eq!(long.to_string(), format!("`{}`", "ä".repeat(NAME)));
    }

    /// Lines that are much like a dump's, and others.
    fn line() -> impl Strategy<Value = String> {
        prop_oneof![
            "\"?\\PC{0,200}\" #[0-9]{1,4}( \\[[0-9]{1,4}\\])?( daemon)? prio=5 .{0,20}",
            Just("\"DestroyJavaVM\" #14 prio=5".to_owned()),
            "\t?.{0,40}",
        ]
    }

    proptest! {
        #[test]
        fn whatever_a_jvm_answers_little_is_kept_and_said_of_it(lines in prop::collection::vec(line(), 0..60)) {
            let mut threads = Threads::default();
            lines.iter().for_each(|line| threads.hear(line));
            prop_assert!(threads.names.len() <= NAMED && threads.names.len() <= threads.count && threads.count <= lines.len());
            let said = threads.to_string();
            prop_assert!(said.chars().count() <= NAMED * (NAME + 4) + 16, "{}", said);
            prop_assert!(!said.chars().any(char::is_control), "{}", said);
        }
    }
}
