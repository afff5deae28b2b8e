//! What people send with forms, and the inputs of forms.

mod fields;
mod input;
mod mistakes;

pub(super) use fields::Fields;
pub(super) use input::{
    Choice, Input, InputKind, checkbox, danger_button, found, search, select, submit,
};
pub(super) use mistakes::Mistakes;
