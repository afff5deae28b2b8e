//! What an import has to say: warnings, and the faults for which it gives up.

/// How many messages are kept: a document of a million faults needs no more to be mended.
const MESSAGES_MAX: usize = 200;

/// Messages, in the order in which they came up, each once.
#[derive(Debug, Default)]
pub(super) struct Messages(Vec<String>);

impl Messages {
    pub(super) fn add(&mut self, message: impl Into<String>) {
        if self.0.len() < MESSAGES_MAX {
            let message = message.into();
            if !self.0.contains(&message) {
                self.0.push(message);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}
