//! Who is told of a leak.

use tollgate::id::KeyId;
use tracing::warn;

/// The longest text of GitHub's that an alert repeats, in characters.
const MAX_TEXT: usize = 512;

/// A key whose value was found in public.
#[derive(Clone, Copy, Debug)]
pub struct Leak<'a> {
    /// The key.
    pub key_id: &'a KeyId,
    /// What the key is called.
    pub key_name: &'a str,
    /// The operator's own id of the customer.
    pub customer_id: Option<&'a str>,
    /// Where the value was found, as GitHub says; it may be empty.
    pub url: &'a str,
    /// In what it was found, as GitHub says.
    pub source: &'a str,
}

/// Tells somebody of leaks. It is called once for each time that a key is disabled.
pub trait Alerts: Send + Sync + 'static {
    /// A key was disabled, because its value is public.
    fn leaked(&self, leak: &Leak<'_>);
}

/// Writes a line of the level WARN with these fields: `alert`, always `key_leaked`; `key.id`, `key.name`, `customer.id` where there is one;
/// `source` and `url`, as GitHub tells them, cut at 512 characters and without control characters.
#[derive(Clone, Copy, Debug)]
pub struct LogAlerts;

impl Alerts for LogAlerts {
    fn leaked(&self, leak: &Leak<'_>) {
        warn!(
            alert = "key_leaked",
            key.id = %leak.key_id,
            key.name = leak.key_name,
            customer.id = leak.customer_id,
            source = shown(leak.source),
            url = shown(leak.url),
            "disabled a key: its value was found in public"
        );
    }
}

fn shown(text: &str) -> String {
    let visible = text.chars().filter(|character| !character.is_control());
    visible.take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_cut_and_begins_no_new_line() {
        assert_eq!(shown("https://x/\n\u{1b}[2J"), "https://x/[2J");
        assert_eq!(shown(&"é".repeat(600)).chars().count(), MAX_TEXT);
    }
}
