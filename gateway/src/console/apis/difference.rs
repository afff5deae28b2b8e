//! What has been edited since a stage was deployed.

use std::collections::{BTreeMap, BTreeSet};

use tollgate::rest_api::{Authorizer, Definition, Method, RestApi, Snapshot};

use crate::explain::integration_in_words;

/// How a resource or a method stands to what is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is deployed as it is.
    None,
    /// It has been added since, and is not served.
    Added,
    /// It has been removed since, and is still served.
    Removed,
    /// It has been edited since, and is served as it was.
    Edited,
}

/// Something that was edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// What: `API key`, for example.
    pub(super) what: &'static str,
    /// As it is deployed.
    pub(super) deployed: String,
    /// As it is edited, and will be once it is deployed.
    pub(super) edited: String,
}

/// Whether a key is needed, in words.
pub(super) const fn key_in_words(is_required: bool) -> &'static str {
    if is_required {
        "required"
    } else {
        "not required"
    }
}

/// Who may call a method, apart from keys; `None` where everybody may.
pub(super) fn access_in_words(
    method: &Method,
    authorizers: &BTreeMap<String, Authorizer>,
) -> Option<String> {
    match method.authorization_type.as_str() {
        "NONE" => None,
        "AWS_IAM" => Some("signed with AWS credentials".to_owned()),
        kind => {
            let authorizer = method
                .authorizer_id
                .as_ref()
                .and_then(|id| authorizers.get(id));
            Some(match authorizer {
                Some(authorizer) => format!("{} ({})", authorizer.name, authorizer.kind),
                None => format!("{kind}, by an authorizer that does not exist"),
            })
        }
    }
}

/// What differs between a method as it is deployed and as it has been edited since. `variables` are the stage's.
pub(super) fn of_method(
    (deployed, deployed_definition): (&Method, &Definition),
    (edited, edited_definition): (&Method, &Definition),
    variables: &BTreeMap<String, String>,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |what, deployed: String, edited: String| {
        if deployed != edited {
            differences.push(Difference {
                what,
                deployed,
                edited,
            });
        }
    };
    compare(
        "API key",
        key_in_words(deployed.api_key_required).to_owned(),
        key_in_words(edited.api_key_required).to_owned(),
    );
    let access = |method, definition: &Definition| {
        access_in_words(method, &definition.authorizers).unwrap_or_else(|| "none".to_owned())
    };
    compare(
        "Authorizer",
        access(deployed, deployed_definition),
        access(edited, edited_definition),
    );
    let integration =
        |method: &Method| integration_in_words(method.method_integration.as_ref(), variables);
    compare("Integration", integration(deployed), integration(edited));
    if differences.is_empty() && deployed != edited {
        let what = if deployed.method_integration == edited.method_integration {
            "Other settings"
        } else {
            "Settings of the integration"
        };
        differences.push(Difference {
            what,
            deployed: "as before".to_owned(),
            edited: "changed".to_owned(),
        });
    }
    differences
}

/// What else has been edited, in sentences: what belongs to the API and to none of its methods.
pub(super) fn of_the_rest(deployed: &Snapshot, api: &RestApi, edited: &Definition) -> Vec<String> {
    let before = &deployed.definition;
    let mut sentences = Vec::new();
    let mut tell = |what: &str, name: &str, change: &str| {
        sentences.push(format!("The {what} {name} has been {change}."));
    };
    compare_maps(&before.authorizers, &edited.authorizers, |id, change| {
        let authorizer = edited
            .authorizers
            .get(id)
            .or_else(|| before.authorizers.get(id));
        tell(
            "authorizer",
            authorizer.map_or(id, |known| &known.name),
            change,
        );
    });
    compare_maps(
        &before.request_validators,
        &edited.request_validators,
        |id, change| {
            let validators = &edited.request_validators;
            let validator = validators
                .get(id)
                .or_else(|| before.request_validators.get(id));
            let name = validator.and_then(|known| known.name.as_deref());
            tell("request validator", name.unwrap_or(id), change);
        },
    );
    compare_maps(&before.models, &edited.models, |name, change| {
        tell("model", name, change);
    });
    compare_maps(
        &before.gateway_responses,
        &edited.gateway_responses,
        |kind, change| tell("gateway response", kind.as_str(), change),
    );
    if deployed.api.api_key_source != api.api_key_source {
        sentences.push(format!(
            "Keys are now read from another place: {} in place of {}.",
            api.api_key_source, deployed.api.api_key_source
        ));
    }
    if deployed.api.binary_media_types != api.binary_media_types {
        sentences.push("The binary media types have been changed.".to_owned());
    }
    sentences
}

fn compare_maps<K: Ord, V: PartialEq>(
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    mut tell: impl FnMut(&K, &str),
) {
    let keys: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    for key in keys {
        match (before.get(key), after.get(key)) {
            (None, Some(_)) => tell(key, "added"),
            (Some(_), None) => tell(key, "removed"),
            (Some(old), Some(new)) if old != new => tell(key, "changed"),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}
