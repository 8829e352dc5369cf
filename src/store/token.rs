//! The token that opens one row to reports: random, stored as its hash, compared in constant time.

use super::conn::Arg;
use super::{Conn, Error, Result, Statements, Store, in_transaction};
use crate::text::hex;
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use subtle::ConstantTimeEq;

/// What a token is worth at one row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenCheck {
    /// It is this row's.
    Valid,
    /// It is this row's, and its time is over.
    Expired,
    /// It is another row's, whether or not the one asked for exists.
    Foreign,
    /// It is no one's.
    Unknown,
}

/// A new token for the row of this key: 256 random bits as hex digits, a dot and the key, by which
/// a token that comes to the wrong row is known without a search. One with a lifetime says until when it is
/// good, behind a hyphen: the hash is of all of it, so that no one can say otherwise.
pub(crate) fn generate(key: &str, lifetime: Option<Duration>) -> Result<String> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(Error::Random)?;
    let until = lifetime.map(|lifetime| format!("-{:x}", now().saturating_add(lifetime.as_secs())));
    Ok(format!("{}{}.{}", hex(&secret), until.unwrap_or_default(), header_safe(key)))
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Whether a token says that its time is over.
pub(crate) fn is_over(token: &str) -> bool {
    let until = token.split_once('.').and_then(|(secret, _)| secret.split_once('-'));
    until.is_some_and(|(_, until)| u64::from_str_radix(until, 16).is_ok_and(|until| until <= now()))
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
        let mut held = self.connection().await?;
        let checked = check(&mut held.conn(), &statements, id, token, &given).await?;
        held.done();
        Ok(checked)
    }
}

impl Store {
    /// A new token for the row of this key, good for as long as is said, after which the one before opens
    /// nothing; none where there is no such row.
    ///
    /// # Errors
    /// Where the database is away or does not fit: without a column `token_hash`, for one.
    pub async fn rotate_token(
        &self,
        id: &str,
        lifetime: Option<Duration>,
    ) -> Result<Option<String>> {
        let token = match self.statements().await?.shape.key.parse(id) {
            Some(key) => generate(&self.statements().await?.shape.key.shown(&key), lifetime)?,
            None => return Ok(None),
        };
        let is_set = self.set_token(id, Some(&hash(&token))).await?;
        Ok(is_set.then_some(token))
    }

    /// Takes the token of the row of this key back: nothing opens it to reports then. Whether there is
    /// such a row.
    ///
    /// # Errors
    /// As [`rotate_token`](Self::rotate_token).
    pub async fn revoke_token(&self, id: &str) -> Result<bool> {
        self.set_token(id, None).await
    }

    async fn set_token(&self, id: &str, hash: Option<&[u8; 32]>) -> Result<bool> {
        let statements = self.statements().await?;
        if !statements.has_column("token_hash") {
            let table = &statements.schema.table;
            return Err(Error::Schema(format!("\"{table}\" has no column \"token_hash\"")));
        }
        let Some(key) = statements.shape.key.parse(id) else {
            return Ok(false);
        };
        let _queued = self.queue().await;
        let set: Result<u64> = in_transaction!(self, write, |conn| {
            let args = [(&key).into(), Arg::Bytes(hash.map(<[u8; 32]>::as_slice))];
            Ok(conn.execute(&statements.set_token, &args).await?)
        });
        Ok(set? == 1)
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
        return Ok(if is_over(token) { TokenCheck::Expired } else { TokenCheck::Valid });
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
            let token = generate(key, None).expect("randomness");
            assert_eq!(key_in(&token).as_deref(), Some(key));
            assert!(token.bytes().all(|byte| byte.is_ascii_graphic()), "{token}");
        }
        assert_eq!(key_in("no dot"), None);
        assert_eq!(key_in("x.~zz"), None);
    }

    #[test]
    fn is_another_each_time() {
        let new = || generate("a", None).expect("randomness");
        assert_ne!(new(), new());
    }

    #[test]
    fn says_until_when_it_is_good() {
        let for_a = |time| generate("a-1", Some(Duration::from_secs(time))).expect("randomness");
        assert!(is_over(&for_a(0)) && !is_over(&for_a(60)));
        assert_eq!(key_in(&for_a(60)).as_deref(), Some("a-1"));
        assert!(!is_over(&generate("a-1", None).expect("randomness")), "the hyphen is the key's");
    }
}
