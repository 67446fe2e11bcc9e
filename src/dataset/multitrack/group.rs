//! Several names of parts for one stem.

use super::same_name;
use crate::error::{Error, Result};

/// A stem that is made of all parts with one of these names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The stem's name.
    pub stem: String,
    /// Names of parts, in any case of letters; `Lead*` is every name that begins so.
    pub names: Vec<String>,
}

impl Group {
    /// Whether a part of this name belongs to it.
    pub fn takes(&self, part: &str) -> bool {
        self.names.iter().any(|name| match name.strip_suffix('*') {
            Some(prefix) => begins_with(part, prefix),
            None => same_name(name, part),
        })
    }

    /// Checks that there is a name, and that `*` only ends names.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn validate(&self) -> Result<()> {
        let problem = if self.stem.trim().is_empty() {
            "a group needs the name of its stem, as in guitar=Guitar,Rhythm,Lead*".to_owned()
        } else if self.names.is_empty() || self.names.iter().any(|name| name.trim().is_empty()) {
            format!("the group {:?} has an empty name; give parts", self.stem)
        } else if let Some(name) = self.names.iter().find(|name| {
            let name = name.strip_suffix('*').unwrap_or(name);
            name.contains('*')
        }) {
            format!("{name:?}: * may only end a name")
        } else {
            return Ok(());
        };
        Err(Error::setting("group", problem))
    }
}

/// `stem=a,b,c`.
impl std::str::FromStr for Group {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (stem, names) = text.split_once('=').unwrap_or(("", text));
        let group = Self {
            stem: stem.trim().to_owned(),
            names: names.split(',').map(|name| name.trim().into()).collect(),
        };
        group.validate()?;
        Ok(group)
    }
}

/// The stem of a part: of the first group that takes it, else its own name.
pub(super) fn stem_of(part: &str, groups: &[Group]) -> String {
    groups
        .iter()
        .find(|group| group.takes(part))
        .map_or_else(|| part.to_owned(), |group| group.stem.clone())
}

/// Whether a name begins so, in any case of letters.
pub(super) fn begins_with(name: &str, prefix: &str) -> bool {
    name.to_lowercase().starts_with(&prefix.to_lowercase())
}
