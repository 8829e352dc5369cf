//! stub
/// stub
pub fn promela(_: &crate::Machine) -> String {
    String::new()
}
