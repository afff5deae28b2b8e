//! How much a template may do.

use super::error::RenderError;

/// How many bytes of text count as one step.
const BYTES_PER_STEP: usize = 16;
/// How deep blocks, expressions and values may be nested while a template runs.
pub(super) const DEPTH_MAX: usize = 200;

/// What bounds one rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The longest text, in bytes; also of any string on the way there. API Gateway's payloads end at 10 MB.
    pub output_bytes_max: usize,
    /// After this many rounds `#foreach` ends, without an error. API Gateway documents 1,000.
    pub iterations_max: usize,
    /// The most work: directives, operations, and 16 bytes of text each count as one.
    pub steps_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            output_bytes_max: 10 * 1024 * 1024,
            iterations_max: 1_000,
            steps_max: 4_000_000,
        }
    }
}

/// What is left of the bounds.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) bounds: Bounds,
    steps_left: usize,
    depth: usize,
}

impl Budget {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            steps_left: bounds.steps_max,
            depth: 0,
        }
    }

    pub(super) fn charge(&mut self, steps: usize) -> Result<(), RenderError> {
        self.steps_left = self
            .steps_left
            .checked_sub(steps)
            .ok_or(RenderError::TooManySteps {
                steps_max: self.bounds.steps_max,
            })?;
        Ok(())
    }

    pub(super) fn charge_bytes(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.charge(bytes / BYTES_PER_STEP + 1)
    }

    /// Goes one level deeper; `leave` gives the level back.
    pub(super) fn enter(&mut self) -> Result<(), RenderError> {
        if self.depth >= DEPTH_MAX {
            return Err(RenderError::TooDeep {
                depth_max: DEPTH_MAX,
            });
        }
        self.depth += 1;
        self.charge(1)
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Appends text within the bounds.
    pub(super) fn push(&mut self, out: &mut String, text: &str) -> Result<(), RenderError> {
        self.charge_bytes(text.len())?;
        if out.len().saturating_add(text.len()) > self.bounds.output_bytes_max {
            return Err(RenderError::TooLong {
                bytes_max: self.bounds.output_bytes_max,
            });
        }
        out.push_str(text);
        Ok(())
    }
}
