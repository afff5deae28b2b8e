//! Typed reading of properties, with errors that name the path.

use std::{collections::BTreeMap, rc::Rc};

use sha2::{Digest as _, Sha256};
use tollgate::control::check_tags;

use super::{
    error::{Place, TemplateError},
    resolver::{Resolver, wrong_type},
    resource::Resource,
    yaml::{Kind, Node},
};

/// A resolved value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    resolver: &'a Resolver<'a>,
    place: Place,
    node: Node,
    /// The logical id that the value was a `Ref` to.
    refers_to: Option<Rc<str>>,
}

impl<'a> Field<'a> {
    /// The properties of a resource.
    pub(super) fn properties(resolver: &'a Resolver<'a>, resource: &Resource) -> Self {
        let place = Place::resource(&resource.logical_id, "Properties");
        Self {
            resolver,
            place,
            node: resource.properties.clone(),
            refers_to: None,
        }
    }

    /// The metadata of a resource.
    pub(super) fn metadata(
        resolver: &'a Resolver<'a>,
        resource: &Resource,
    ) -> Result<Option<Self>, TemplateError> {
        let place = Place::resource(&resource.logical_id, "Metadata");
        resource
            .metadata
            .as_ref()
            .map_or(Ok(None), |node| Self::resolved(resolver, place, node))
    }

    fn resolved(
        resolver: &'a Resolver<'a>,
        place: Place,
        node: &Node,
    ) -> Result<Option<Self>, TemplateError> {
        resolver.spend(place.path.len(), node.line, &place)?;
        let refers_to = match node.intrinsic() {
            Some(("Ref", target)) => target.as_text().cloned(),
            Some(_) | None => None,
        };
        Ok(resolver
            .value(node, &place)?
            .filter(|node| !matches!(node.kind, Kind::Null))
            .map(|node| Self {
                resolver,
                place,
                node,
                refers_to,
            }))
    }

    pub(super) fn line(&self) -> usize {
        self.node.line
    }

    /// What the value says or refers to, for an error message.
    pub(super) fn shown(&self) -> String {
        match (&self.refers_to, &self.node.kind) {
            (Some(logical_id), _) => format!("`{logical_id}`"),
            (None, Kind::Scalar(text)) => format!("`{text}`"),
            (None, Kind::Null | Kind::List(_) | Kind::Map(_)) => self.node.kind_name().to_owned(),
        }
    }

    /// An error about this value. The message continues its path.
    pub(super) fn error(
        &self,
        message: impl std::fmt::Display,
        hint: impl Into<String>,
    ) -> TemplateError {
        self.place.error(self.node.line, message, hint)
    }

    /// A member of this map. None when it is absent, empty or `AWS::NoValue`.
    pub(super) fn get(&self, name: &str) -> Result<Option<Self>, TemplateError> {
        let Kind::Map(map) = &self.node.kind else {
            return Err(wrong_type(&self.place, &self.node, "a map"));
        };
        map.get(name).map_or(Ok(None), |node| {
            Self::resolved(self.resolver, self.place.child(name), node)
        })
    }

    /// A member that must be there.
    pub(super) fn required(&self, name: &str) -> Result<Self, TemplateError> {
        self.get(name)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn missing(&self, name: &str) -> TemplateError {
        self.place
            .child(name)
            .error(self.node.line, "is missing", format!("add `{name}`"))
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.node.kind, Kind::Map(_))
    }

    pub(super) fn text(&self) -> Result<&str, TemplateError> {
        self.node
            .as_text()
            .map(|text| &**text)
            .ok_or_else(|| wrong_type(&self.place, &self.node, "a text"))
    }

    /// An optional text member.
    pub(super) fn text_of(&self, name: &str) -> Result<Option<String>, TemplateError> {
        self.get(name)?
            .map(|field| field.text().map(str::to_owned))
            .transpose()
    }

    /// A whole number from 0. `CloudFormation` accepts it as a text too.
    pub(super) fn whole_number(&self) -> Result<u64, TemplateError> {
        let number: Option<u64> = self.text()?.trim().parse().ok();
        number.ok_or_else(|| {
            let message = format!("must be a whole number from 0, found {}", self.shown());
            self.error(message, "write a number such as 10")
        })
    }

    /// A whole number within bounds, or a default when the member is absent.
    pub(super) fn whole_number_of(
        &self,
        name: &str,
        default: u32,
        (min, max): (u32, u32),
    ) -> Result<u32, TemplateError> {
        let Some(field) = self.get(name)? else {
            return Ok(default);
        };
        let number = field.whole_number()?;
        u32::try_from(number)
            .ok()
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| {
                field.error(
                    format!("must be {min} to {max}, found {number}"),
                    format!("write a number from {min} to {max}"),
                )
            })
    }

    /// A finite number from 0.
    pub(super) fn number(&self) -> Result<f64, TemplateError> {
        let number: Option<f64> = self.text()?.trim().parse().ok();
        number
            .filter(|number| number.is_finite() && *number >= 0.0)
            .ok_or_else(|| {
                self.error(
                    format!("must be a number from 0, found {}", self.shown()),
                    "write a number such as 5 or 0.5",
                )
            })
    }

    pub(super) fn flag(&self) -> Result<bool, TemplateError> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Ok(true),
            "false" | "no" | "off" => Ok(false),
            _ => Err(self.error(
                format!("must be true or false, found {}", self.shown()),
                "write true or false",
            )),
        }
    }

    /// An optional flag member.
    pub(super) fn flag_of(&self, name: &str) -> Result<Option<bool>, TemplateError> {
        self.get(name)?.map(|field| field.flag()).transpose()
    }

    /// One of a few words, each with its meaning.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, TemplateError> {
        let text = self.text()?;
        choices
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                let words = words.join(", ");
                self.error(
                    format!("must be one of {words}, found {}", self.shown()),
                    format!("write one of {words}"),
                )
            })
    }

    /// The items of this list, without those that are `AWS::NoValue`.
    pub(super) fn items(&self) -> Result<Vec<Self>, TemplateError> {
        let Kind::List(items) = &self.node.kind else {
            return Err(wrong_type(&self.place, &self.node, "a list"));
        };
        let fields = items.iter().enumerate();
        fields
            .filter_map(|(index, node)| {
                Self::resolved(self.resolver, self.place.item(index), node).transpose()
            })
            .collect()
    }

    /// The items of an optional list member.
    pub(super) fn items_of(&self, name: &str) -> Result<Vec<Self>, TemplateError> {
        self.get(name)?
            .map_or_else(|| Ok(Vec::new()), |field| field.items())
    }

    /// The members of this map, in the order of the text, without those that are `AWS::NoValue`.
    pub(super) fn entries(&self) -> Result<Vec<(Rc<str>, Self)>, TemplateError> {
        let Kind::Map(map) = &self.node.kind else {
            return Err(wrong_type(&self.place, &self.node, "a map"));
        };
        let mut entries = Vec::new();
        for (key, _, node) in map.iter() {
            if let Some(field) = Self::resolved(self.resolver, self.place.child(key), node)? {
                entries.push((Rc::clone(key), field));
            }
        }
        Ok(entries)
    }

    /// The members of an optional map of texts.
    pub(super) fn texts_of(&self, name: &str) -> Result<BTreeMap<String, String>, TemplateError> {
        let Some(field) = self.get(name)? else {
            return Ok(BTreeMap::new());
        };
        field
            .entries()?
            .into_iter()
            .map(|(key, value)| Ok((key.to_string(), value.text()?.to_owned())))
            .collect()
    }

    /// `Tags`: a list of `Key` and `Value`, or SAM's map.
    pub(super) fn tags(&self) -> Result<BTreeMap<String, String>, TemplateError> {
        let Some(field) = self.get("Tags")? else {
            return Ok(BTreeMap::new());
        };
        let tags = self.read_tags()?;
        check_tags(&tags).map_err(|invalid| {
            field.error(
                format!("has a tag that cannot be set: {invalid}"),
                "the management API refuses it, too",
            )
        })?;
        Ok(tags)
    }

    fn read_tags(&self) -> Result<BTreeMap<String, String>, TemplateError> {
        match self.get("Tags")? {
            Some(tags) if tags.node.as_list().is_some() => {
                let pair = |tag: &Self| {
                    Ok((
                        tag.required("Key")?.text()?.to_owned(),
                        tag.required("Value")?.text()?.to_owned(),
                    ))
                };
                tags.items()?.iter().map(pair).collect()
            }
            Some(_) => self.texts_of("Tags"),
            None => Ok(BTreeMap::new()),
        }
    }

    /// A hash of everything below this value after resolution, 64 hexadecimal digits. Independent of the order of keys, of `5` or
    /// `"5"`, and of `ServiceToken`, which says who serves a custom resource and not what it is.
    pub(super) fn digest(&self) -> Result<String, TemplateError> {
        let mut hash = Sha256::new();
        self.hash_into(&mut hash)?;
        Ok(hex(&hash.finalize()))
    }

    fn hash_into(&self, hash: &mut Sha256) -> Result<(), TemplateError> {
        match &self.node.kind {
            Kind::Null => hash.update(b"n"),
            Kind::Scalar(text) => {
                hash.update(format!("s{}:", text.len()));
                hash.update(text.as_bytes());
            }
            Kind::List(_) => {
                let items = self.items()?;
                hash.update(format!("l{}:", items.len()));
                items.iter().try_for_each(|item| item.hash_into(hash))?;
            }
            Kind::Map(_) => {
                let mut entries = self.entries()?;
                entries.retain(|(key, _)| &**key != "ServiceToken");
                entries.sort_by(|(left, _), (right, _)| left.cmp(right));
                hash.update(format!("m{}:", entries.len()));
                for (key, value) in entries {
                    hash.update(format!("k{}:{key}", key.len()));
                    value.hash_into(hash)?;
                }
            }
        }
        Ok(())
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
