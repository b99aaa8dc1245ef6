//! What is made by chance.

use std::fmt::Write as _;

use rustls::crypto::ring;

use crate::Secret;

/// Random bytes of a token.
const BYTES: usize = 32;

/// A token that nobody can guess: 64 hexadecimal digits. None when the system gives no random bytes.
#[must_use]
pub fn random_token() -> Option<Secret> {
    let mut bytes = [0; BYTES];
    ring::default_provider().secure_random.fill(&mut bytes).ok()?;
    let mut token = String::with_capacity(2 * BYTES);
    for byte in bytes {
        let _ = write!(token, "{byte:02x}");
    }
    Some(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another_of_64_digits() {
        let [one, other] = [(); 2].map(|()| random_token().unwrap());
        assert_ne!(one, other);
        assert!(one.expose().len() == 64 && one.expose().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
