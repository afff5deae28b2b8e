//! What a template is read with.

use std::{collections::BTreeMap, fmt};

/// The values that stand outside of the template.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Values for the template's parameters. They win over `Default`.
    pub parameter_overrides: BTreeMap<String, String>,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`, 12 digits.
    pub account_id: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// The name of Tollgate's own table where the template gives it none.
    pub tollgate_table: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            parameter_overrides: BTreeMap::new(),
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
            stack_name: "tollgate".to_owned(),
            tollgate_table: "tollgate".to_owned(),
        }
    }
}

/// Shows the names of the overrides only: a value may be a secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("parameter_overrides", &self.parameter_overrides.keys())
            .field("region", &self.region)
            .field("account_id", &self.account_id)
            .field("stack_name", &self.stack_name)
            .field("tollgate_table", &self.tollgate_table)
            .finish()
    }
}
