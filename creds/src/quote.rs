//! What a server said, fit to be shown: bounded, in one line, and without the secrets that it may have repeated.

use std::collections::HashSet;

/// The longest text of a server's that is looked at, in bytes.
const LONGEST_HEARD: usize = 4096;
/// The longest text of a server's that goes into an error, in characters.
const LONGEST_TOLD: usize = 600;
/// So many bytes of a secret in a row are masked: too few to be of use, too many to be there by chance.
const TELLING: usize = 8;

/// The secrets of one request, in all forms in which a server may repeat them.
pub(crate) struct Mask {
    windows: HashSet<Vec<u8>>,
    short: Vec<String>,
}

impl Mask {
    /// Of the secrets themselves. Those with fewer than four characters are words of everyday, and no secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut windows, mut short) = (HashSet::new(), Vec::new());
        for secret in secrets {
            if (4..TELLING).contains(&secret.len()) {
                short.push(secret.to_owned());
            }
            for form in [secret.to_owned(), encoded(secret, false), encoded(secret, true), secret.replace('/', "\\/")] {
                windows.extend(form.as_bytes().windows(TELLING).map(<[u8]>::to_vec));
            }
        }
        Self { windows, short }
    }

    /// Shows what a server said. Any part of a secret becomes `…`.
    pub fn quote(&self, said: &str) -> String {
        let mut end = said.len().min(LONGEST_HEARD);
        while !said.is_char_boundary(end) {
            end -= 1;
        }
        let mut text = self.hide(&said[..end]);
        for secret in &self.short {
            text = text.replace(secret, "…");
        }
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = line.char_indices().nth(LONGEST_TOLD) {
            line.truncate(end);
            line.push('…');
        }
        line
    }

    fn hide(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let mut hidden = vec![false; bytes.len()];
        for (start, window) in bytes.windows(TELLING).enumerate() {
            if self.windows.contains(window) {
                hidden[start..start + TELLING].fill(true);
            }
        }
        let mut shown = String::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            if !hidden[at] {
                shown.push(c);
            } else if at == 0 || !hidden[at - 1] {
                shown.push('…');
            }
        }
        shown
    }
}

/// As it stands in a URL or a form.
fn encoded(text: &str, lower: bool) -> String {
    let mut form = String::new();
    for byte in text.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => form.push(char::from(b)),
            b if lower => form.push_str(&format!("%{b:02x}")),
            b => form.push_str(&format!("%{b:02X}")),
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzcGFyayJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY+EXAMPLEKEY=";

    #[test]
    fn secrets_are_masked_in_every_form() {
        let mask = Mask::new([TOKEN, KEY, "pass"]);
        for (said, expected) in [
            (format!("bad token {TOKEN}!"), "bad token …!".to_owned()),
            (format!("signature {} is bad", &TOKEN[43..]), "signature … is bad".to_owned()),
            (format!("token {}... is bad", &TOKEN[..19]), "token …... is bad".to_owned()),
            (format!("key {KEY}"), "key …".to_owned()),
            (format!("key {}", encoded(KEY, false)), "key …".to_owned()),
            (format!("key {}", encoded(KEY, true)), "key …".to_owned()),
            (format!("{{\"key\":\"{}\"}}", KEY.replace('/', "\\/")), "{\"key\":\"…\"}".to_owned()),
            ("user and pass are bad".to_owned(), "user and … are bad".to_owned()),
            (format!("ä{KEY}ä"), "ä…ä".to_owned()),
        ] {
            assert_eq!(mask.quote(&said), expected);
        }
    }

    #[test]
    fn what_was_said_becomes_one_bounded_line() {
        let mask = Mask::new([]);
        assert_eq!(mask.quote(" a\r\n\tb\u{1b}[31m c\0 "), "a b [31m c");
        assert_eq!(mask.quote(&"ä".repeat(10_000)).chars().count(), LONGEST_TOLD + 1);
        assert_eq!(mask.quote(&"x".repeat(1_000_000)).len(), LONGEST_TOLD + "…".len());
    }
}
