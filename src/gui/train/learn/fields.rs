//! A recipe as the rows of a form: one per value, under the dotted key that the command line has
//! for it.

use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::train::Recipe;

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// What most people change.
    Often,
    /// How the recipe is called.
    Name,
    /// What is learned from.
    Examples,
    /// The network.
    Network,
    /// What is made small.
    Loss,
    /// How the network moves.
    Optimiser,
    /// The network that tells made pictures from true ones.
    Discriminator,
    /// How that one moves.
    DiscriminatorOptimiser,
    /// How the learning rate moves.
    Schedule,
    /// How long, and in which portions.
    Training,
    /// What is heard and seen on the way.
    Preview,
    /// Stages before the training itself.
    Pretrain,
}

impl Group {
    /// All of them, in the order shown.
    pub const ALL: [Self; 12] = [
        Self::Often,
        Self::Name,
        Self::Examples,
        Self::Network,
        Self::Loss,
        Self::Optimiser,
        Self::Discriminator,
        Self::DiscriminatorOptimiser,
        Self::Schedule,
        Self::Training,
        Self::Preview,
        Self::Pretrain,
    ];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Often => "Often changed",
            Self::Name => "Name and title",
            Self::Examples => "Examples",
            Self::Network => "Network",
            Self::Loss => "Loss",
            Self::Optimiser => "Optimiser",
            Self::Discriminator => "Discriminator",
            Self::DiscriminatorOptimiser => "Optimiser of the discriminator",
            Self::Schedule => "Schedule",
            Self::Training => "Length and portions",
            Self::Preview => "Previews",
            Self::Pretrain => "Pre-training",
        }
    }

    /// The group of a key; none for long words about the recipe.
    fn of(key: &str) -> Option<Self> {
        if OFTEN.contains(&key) {
            return Some(Self::Often);
        }
        match key.split('.').next()? {
            "name" | "title" | "experimental" => Some(Self::Name),
            "examples" => Some(Self::Examples),
            "network" => Some(Self::Network),
            "loss" => Some(Self::Loss),
            "optimiser" => Some(Self::Optimiser),
            "discriminator" => Some(Self::Discriminator),
            "discriminator_optimiser" => Some(Self::DiscriminatorOptimiser),
            "schedule" => Some(Self::Schedule),
            "training" => Some(Self::Training),
            "preview" => Some(Self::Preview),
            "pretrain" => Some(Self::Pretrain),
            _ => None,
        }
    }
}

/// What most people change, in the order shown.
const OFTEN: [&str; 9] = [
    "training.epochs",
    "training.batch_size",
    "optimiser.learning_rate",
    "discriminator_optimiser.learning_rate",
    "network.base_filters",
    "network.filters",
    "network.depth",
    "examples.origin",
    "examples.targets",
];

/// Values that may be left out, so that a recipe's table need not have them.
const OPTIONAL: [&str; 21] = [
    "examples.augment.delay_secs",
    "examples.augment.eq_db",
    "examples.augment.flip_polarity",
    "examples.augment.gain_db",
    "examples.augment.reverb_secs",
    "examples.augment.speed",
    "examples.augment.swap_channels",
    "examples.examples_per_song",
    "examples.fold",
    "examples.height",
    "examples.hop_columns",
    "examples.least_level_db",
    "examples.n_songs",
    "examples.picture.bins_kept",
    "examples.picture.mel.bands",
    MEL_MOST,
    "examples.stft.pad_length",
    "training.checkpoint_steps",
    "training.clip_norm",
    "training.patience",
    "training.steps_per_epoch",
];

/// Left out too, but of mel bands only.
const MEL_MOST: &str = "examples.picture.mel.fmax_hz";

/// The table that is taken away with a value, if any is: mel bands are nothing without their number.
pub fn taken_with<'a>(key: &'a str, text: &str) -> Option<&'a str> {
    let table = key.strip_suffix(".bands")?;
    (text == "none" && table.ends_with("examples.picture.mel")).then_some(table)
}

/// A value of a row, as it is edited.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// One of these words.
    Choice(String, &'static [&'static str]),
    /// Words.
    Text(String),
    /// Something that may be left out; empty if it is.
    Optional(String),
}

impl FieldValue {
    /// As [`Recipe::with_changes`] reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => number(*value),
            Self::Choice(text, _) | Self::Text(text) => text.trim().to_owned(),
            Self::Optional(text) if text.trim().is_empty() => "none".to_owned(),
            Self::Optional(text) => text.trim().to_owned(),
        }
    }
}

/// A number in few signs: powers of ten where there would be many noughts.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let is_plain = size == 0.0 || (1e-3..1e7).contains(&size);
    // What was a number of 32 bits has few digits as such.
    let short = value as f32;
    match (f64::from(short) == value, is_plain) {
        (true, true) => short.to_string(),
        (true, false) => format!("{short:e}"),
        (false, true) => value.to_string(),
        (false, false) => format!("{value:e}"),
    }
}

/// A row of the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its dotted key.
    pub key: String,
    /// Where it stands.
    pub group: Group,
    /// What it holds.
    pub value: FieldValue,
}

impl Field {
    /// The key without its table, as words.
    pub fn label(&self) -> String {
        let (table, rest) = self.key.split_once('.').unwrap_or(("", &self.key));
        let mut words = rest.replace('_', " ").replace('.', ", ");
        if self.group == Group::Often && table == "discriminator_optimiser" {
            words.push_str(" of the discriminator");
        }
        let mut letters = words.chars();
        match letters.next() {
            Some(first) => first.to_uppercase().chain(letters).collect(),
            None => words,
        }
    }
}

/// The rows of a recipe, in the order shown.
///
/// # Errors
/// [`Error::Setting`] if it cannot be written as TOML.
pub fn fields_of(recipe: &Recipe) -> Result<Vec<Field>> {
    let text = recipe.to_toml()?;
    let table: Table = toml::from_str(&text)
        .map_err(|error: toml::de::Error| Error::setting("recipe", error.message()))?;
    let mut values = Vec::new();
    flatten(&table, "", &mut values);
    let has_mel = recipe.examples.picture.mel.is_some();
    for key in OPTIONAL
        .into_iter()
        .filter(|key| has_mel || *key != MEL_MOST)
    {
        if !values.iter().any(|(known, _)| known == key) {
            values.push((key.to_owned(), FieldValue::Optional(String::new())));
        }
    }
    values.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut fields: Vec<Field> = values
        .into_iter()
        .filter_map(|(key, value)| {
            let group = Group::of(&key)?;
            Some(Field { key, group, value })
        })
        .collect();
    for (name, stage) in recipe.stage_names().iter().zip(recipe.stages()?) {
        for Field { key, group, value } in fields_of(&stage)? {
            if group == Group::Name {
                // Keys are made of it.
                continue;
            }
            let key = format!("pretrain.{name}.{key}");
            let group = Group::Pretrain;
            fields.push(Field { key, group, value });
        }
    }
    // All sorts keep the order of what is alike; a stage has its rows in order already.
    fields.sort_by_key(|field| OFTEN.iter().position(|key| *key == field.key));
    fields.sort_by_key(|field| Group::ALL.iter().position(|group| *group == field.group));
    Ok(fields)
}

fn flatten(table: &Table, parent: &str, out: &mut Vec<(String, FieldValue)>) {
    for (name, value) in table {
        let key = if parent.is_empty() {
            name.clone()
        } else {
            format!("{parent}.{name}")
        };
        let value = match value {
            Value::Table(inner) => match range(inner) {
                Some(range) if OPTIONAL.contains(&&*key) => FieldValue::Optional(range),
                Some(range) => FieldValue::Text(range),
                None => {
                    flatten(inner, &key, out);
                    continue;
                }
            },
            // Stages before the training are a table each; their rows come from their recipes.
            Value::Array(items) if items.iter().any(Value::is_table) => continue,
            _ if OPTIONAL.contains(&&*key) => FieldValue::Optional(plain(value)),
            Value::Boolean(value) => FieldValue::Bool(*value),
            Value::Integer(value) => FieldValue::Int(*value),
            Value::Float(value) => FieldValue::Float(*value),
            Value::String(text) => match choices(&key) {
                Some(choices) => FieldValue::Choice(text.clone(), choices),
                None => FieldValue::Text(text.clone()),
            },
            _ => FieldValue::Text(plain(value)),
        };
        out.push((key, value));
    }
}

/// A table of two ends as it is typed: "-6..6".
fn range(table: &Table) -> Option<String> {
    let end = |name: &str| match table.get(name)? {
        Value::Float(end) => Some(number(*end)),
        Value::Integer(end) => Some(end.to_string()),
        _ => None,
    };
    let (low, high) = (end("low")?, end("high")?);
    (table.len() == 2).then(|| format!("{low}..{high}"))
}

/// A value as it is typed: names separated by commas, anything else as TOML.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_str) => {
            let names: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            names.join(", ")
        }
        Value::Float(value) => number(*value),
        value => value.to_string(),
    }
}

/// The words that a key may have, where they are few.
fn choices(key: &str) -> Option<&'static [&'static str]> {
    Some(match key {
        "examples.source" => &["instruments", "stems", "speech"],
        "examples.input" | "examples.output" => &["magnitude", "magnitude-phase", "colour"],
        "examples.target.polarity" => &["target", "rest"],
        "examples.stft.padding" => &["constant", "reflect"],
        "examples.picture.mel_inversion" => &["nnls", "fast"],
        "network.kind" => &[
            "unet-pix2pix",
            "unet-mask",
            "unet-mel",
            "ibm-cnn",
            "ibm-cnn-deep",
            "vad",
        ],
        "network.output" => &["tanh", "sigmoid", "none"],
        "discriminator.kind" => &["patch-discriminator"],
        "loss.kind" => &["l1", "mse", "bce"],
        "optimiser.kind" | "discriminator_optimiser.kind" => &["adam", "adamw"],
        "schedule.kind" => &["constant", "step", "exponential", "cosine", "plateau"],
        "training.best_by" => &["loss", "l1"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::shipped_recipe;

    fn text(fields: &[Field], key: &str) -> Option<String> {
        let field = fields.iter().find(|field| field.key == key)?;
        Some(field.value.text())
    }

    #[test]
    fn ranges_are_one_row_and_read_as_such() {
        let recipe = shipped_recipe("generator").unwrap();
        let fields = fields_of(&recipe).unwrap();
        let gain = "examples.augment.gain_db";
        assert_eq!(text(&fields, gain).as_deref(), Some("none"));
        let recipe = recipe.with_changes(&[format!("{gain}=-6..3.5")]).unwrap();
        let fields = fields_of(&recipe).unwrap();
        assert_eq!(text(&fields, gain).as_deref(), Some("-6..3.5"));
        assert_eq!(
            text(&fields, "examples.augment.reverb_db").as_deref(),
            Some("-18..-6")
        );
        let is_end = |key: &str| key.ends_with(".low") || key.ends_with(".high");
        assert!(!fields.iter().any(|field| is_end(&field.key)));
        // What a row holds is what the recipe reads.
        let change = [format!("{gain}={}", text(&fields, gain).unwrap())];
        let again = recipe.with_changes(&change).unwrap();
        assert_eq!(again.examples.augment, recipe.examples.augment);
    }

    #[test]
    fn a_stage_before_has_no_row_for_its_name() {
        let fields = fields_of(&shipped_recipe("ibm-cnn-deep").unwrap()).unwrap();
        assert_eq!(text(&fields, "name").as_deref(), Some("ibm-cnn-deep"));
        assert_eq!(text(&fields, "pretrain.auto-encoder.name"), None);
        let key = "pretrain.auto-encoder.training.epochs";
        assert_eq!(text(&fields, key).as_deref(), Some("50"));
    }
}
