//! The token that opens one row to reports: random, stored as its hash, compared in constant time.

use super::{Conn, Error, Pool, Result, Statements, Store, in_transaction};
use crate::text::hex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a token is worth at one row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenCheck {
    /// It is this row's.
    Valid,
    /// It is another row's, whether or not the one asked for exists.
    Foreign,
    /// It is nobody's.
    Unknown,
}

/// A new token for the row of this key: 256 random bits as hex digits, a dot and the key, by which
/// a token that comes to the wrong row is known without a search.
pub(crate) fn generate(key: &str) -> Result<String> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(Error::Random)?;
    Ok(format!("{}.{}", hex(&secret), header_safe(key)))
}

/// What is stored of a token.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The key in characters that a header's token may have: as it is, or as `~` and hex digits.
fn header_safe(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if key.bytes().all(plain) { key.to_owned() } else { format!("~{}", hex(key.as_bytes())) }
}

/// The key in a token, where it has one.
fn key_in(token: &str) -> Option<String> {
    let (_, key) = token.split_once('.')?;
    let Some(digits) = key.strip_prefix('~') else {
        return Some(key.to_owned());
    };
    let bytes = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

impl Store {
    /// Whether a token opens the row of this key. A row's token goes on to do so after its end; it
    /// is gone with the row.
    ///
    /// # Errors
    /// Where the database is away or does not fit.
    pub async fn check_token(&self, id: &str, token: &str) -> Result<TokenCheck> {
        let statements = self.statements().await?;
        let given = hash(token);
        in_transaction!(self, read, |conn| { check(conn, &statements, id, token, &given).await })
    }
}

async fn check(
    conn: &mut Conn<'_>,
    sql: &Statements,
    id: &str,
    token: &str,
    given: &[u8; 32],
) -> Result<TokenCheck> {
    if opens(conn, sql, id, given).await? {
        return Ok(TokenCheck::Valid);
    }
    match key_in(token) {
        Some(other) if opens(conn, sql, &other, given).await? => Ok(TokenCheck::Foreign),
        Some(_) | None => Ok(TokenCheck::Unknown),
    }
}

async fn opens(conn: &mut Conn<'_>, sql: &Statements, id: &str, given: &[u8; 32]) -> Result<bool> {
    if !sql.has_column("token_hash") {
        return Ok(false);
    }
    let Some(key) = sql.shape.key.parse(id) else {
        return Ok(false);
    };
    let row = conn.row(&sql.token, &[(&key).into()]).await?;
    let stored = row.map(|row| row.bytes(0)).transpose()?.flatten();
    Ok(stored.is_some_and(|stored| bool::from(stored.ct_eq(given))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_the_key_of_its_row_in_characters_of_a_header() {
        for key in ["0198c0de-7000", "42", "a/b é", "~", ""] {
            let token = generate(key).expect("randomness");
            assert_eq!(key_in(&token).as_deref(), Some(key));
            assert!(token.bytes().all(|byte| byte.is_ascii_graphic()), "{token}");
        }
        assert_eq!(key_in("no dot"), None);
        assert_eq!(key_in("x.~zz"), None);
    }

    #[test]
    fn is_another_each_time() {
        assert_ne!(generate("a").expect("randomness"), generate("a").expect("randomness"));
    }
}
