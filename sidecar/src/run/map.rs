//! The exit-code map: for schedulers that take a code such as 143 for a failure. It changes the number with which the container
//! ends and nothing else: verdict, event and log keep the truth. The farewell tells both, since the kubelet goes by the number.

use std::collections::BTreeMap;

use crate::verdict::Verdict;

/// Which codes become which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExitMap(BTreeMap<u8, u8>);

impl ExitMap {
    /// Reads `FROM=TO` pairs.
    ///
    /// # Errors
    /// With every mistake, each as one line.
    pub fn parse(pairs: &[String]) -> Result<Self, Vec<String>> {
        let (mut map, mut mistakes) = (BTreeMap::new(), Vec::new());
        for pair in pairs {
            match parse_pair(pair) {
                Some((from, to)) => {
                    if let Some(other) = map.insert(from, to).filter(|other| *other != to) {
                        mistakes.push(format!("--map (CODRIVER_MAP): {from} cannot become both {other} and {to}"));
                    }
                }
                None => mistakes.push(format!(
                    "--map (CODRIVER_MAP): `{pair}` is not FROM=TO with two numbers from 0 to 255; hint: 143=0"
                )),
            }
        }
        if mistakes.is_empty() { Ok(Self(map)) } else { Err(mistakes) }
    }

    /// What the verdict's code becomes, if it is another number. Never that of a driver that did not start: a job that did not
    /// run has not succeeded.
    #[must_use]
    pub fn becomes(&self, verdict: &Verdict) -> Option<u8> {
        if matches!(verdict, Verdict::NeverStarted { .. }) {
            return None;
        }
        let code = verdict.code()?;
        self.0.get(&code).copied().filter(|mapped| *mapped != code)
    }
}

fn parse_pair(pair: &str) -> Option<(u8, u8)> {
    let (from, to) = pair.split_once('=')?;
    Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[&str]) -> Result<ExitMap, Vec<String>> {
        ExitMap::parse(&pairs.iter().map(|pair| (*pair).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_code_that_is_named_becomes_the_other_and_no_chain_is_followed() {
        let map = map(&["143=0", " 0 = 3 ", "7=7", "75=1"]).unwrap();
        let gave_up = Verdict::GivenUp { code: 75, why: String::new() };
        let deaf = Verdict::NeverStarted { code: 143, why: String::new() };
        for (verdict, expected) in [
            (Verdict::Exited(143), Some(0)),
            (Verdict::Signalled(15), Some(0)),
            (Verdict::Exited(0), Some(3)),
            (Verdict::Exited(7), None),
            (Verdict::Exited(1), None),
            (gave_up, Some(1)),
            (deaf, None),
            (Verdict::Unknown, None),
        ] {
            assert_eq!(map.becomes(&verdict), expected, "{verdict}");
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mistakes = map(&["143", "256=0", "1=-1", "=", "2=0", "2=1", "3=0", "3=0"]).unwrap_err();
        assert_eq!(mistakes.len(), 5, "{mistakes:?}");
        assert_eq!(
            mistakes[0],
            "--map (CODRIVER_MAP): `143` is not FROM=TO with two numbers from 0 to 255; hint: 143=0"
        );
        assert_eq!(mistakes[4], "--map (CODRIVER_MAP): 2 cannot become both 0 and 1");
    }
}
