//! Which recordings an example is made of, by what they are called.

use super::spec::{ExampleSource, ExampleSpec, ExampleTarget};
use crate::error::{Error, Result};

/// The name of everything together.
pub(super) const MIXTURE: &str = "mixture";
/// The name of what is left of it.
const REST: &str = "rest";

/// Something that sounds: a **voice** (an instrument, a stem, the mixture; its place in the list of
/// voices) or what is left of one without another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Voice(usize),
    /// The first less the second, in samples.
    Less(usize, usize),
}

impl Signal {
    /// Whether a voice is needed for it.
    pub(super) fn uses(self, voice: usize) -> bool {
        match self {
            Self::Voice(own) => own == voice,
            Self::Less(whole, part) => whole == voice || part == voice,
        }
    }
}

/// What goes in and comes out.
#[derive(Debug, Clone, Default)]
pub(super) struct Roles {
    /// Names of all voices that every song must have.
    pub(super) voices: Vec<String>,
    /// What may go in: one, or several of which one is drawn.
    pub(super) origins: Vec<Signal>,
    /// What is to come out: all of it, or (conditioned) one of it.
    pub(super) targets: Vec<Signal>,
    /// The mixture, where there is one among the voices.
    pub(super) mixture: Option<usize>,
}

/// Whether two names are the same but for the case of letters.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// The origin's name, where the spec leaves it open.
fn origin_of(spec: &ExampleSpec) -> &str {
    match spec.source {
        ExampleSource::Stems if spec.origin.is_empty() => MIXTURE,
        ExampleSource::Speech if spec.origin.is_empty() => "degraded",
        _ => &spec.origin,
    }
}

impl Roles {
    /// # Errors
    /// [`Error::Setting`] if names are missing, given twice or do not go together.
    pub(super) fn new(spec: &ExampleSpec) -> Result<Self> {
        let (origin, targets) = (origin_of(spec), &spec.targets);
        let wrong = |problem: String| Err(Error::setting("targets", problem));
        if targets.is_empty() || targets.iter().any(|name| name.trim().is_empty()) {
            return wrong("needs the name of what is to come out".to_owned());
        }
        for (place, name) in targets.iter().enumerate() {
            if targets[..place].iter().any(|other| same_name(other, name)) {
                return wrong(format!("{name:?} is named twice"));
            }
        }
        let mut roles = Self::default();
        let voice = roles.voice(origin);
        roles.origins.push(Signal::Voice(voice));
        for name in targets {
            let signal = if same_name(name, REST) && spec.source != ExampleSource::Instruments {
                roles.rest(origin, targets)?
            } else {
                Signal::Voice(roles.voice(name))
            };
            roles.targets.push(signal);
        }
        if matches!(spec.target, ExampleTarget::Labels { .. }) {
            if spec.source == ExampleSource::Instruments {
                return wrong("labels need a mixture, which instruments do not have".to_owned());
            }
            let mixture = roles.voice(MIXTURE);
            if roles.targets.contains(&Signal::Voice(mixture)) {
                return wrong("labels need a part of the mixture as their target".to_owned());
            }
        }
        roles.mixture = roles
            .voices
            .iter()
            .position(|name| same_name(name, MIXTURE));
        if spec.any_to_any {
            if !spec.conditioned {
                let problem = "needs conditioned: the style tells which answer is wanted";
                return Err(Error::setting("any_to_any", problem));
            }
            roles.make_any();
            if roles.targets.len() < 2 {
                return wrong("any to any needs two different names at least".to_owned());
            }
        }
        Ok(roles)
    }

    /// The place of a voice, which is added if it is new.
    fn voice(&mut self, name: &str) -> usize {
        let known = self.voices.iter().position(|known| same_name(known, name));
        known.unwrap_or_else(|| {
            self.voices.push(name.to_owned());
            self.voices.len() - 1
        })
    }

    fn rest(&mut self, origin: &str, targets: &[String]) -> Result<Signal> {
        let other = targets.iter().find(|name| !same_name(name, REST));
        let part = other.map_or(origin, String::as_str);
        if same_name(part, MIXTURE) {
            let problem = "\"rest\" is the mixture less another target or the origin; name a part";
            return Err(Error::setting("targets", problem));
        }
        Ok(Signal::Less(self.voice(MIXTURE), self.voice(part)))
    }

    /// Everything may go in and come out.
    fn make_any(&mut self) {
        for signal in std::mem::take(&mut self.targets) {
            if !self.origins.contains(&signal) {
                self.origins.push(signal);
            }
        }
        self.targets = self.origins.clone();
    }

    /// What the mixture holds besides a signal.
    pub(super) fn rest_of(&self, signal: Signal) -> Signal {
        match (signal, self.mixture) {
            (Signal::Voice(part), Some(mixture)) => Signal::Less(mixture, part),
            (Signal::Less(_, part), _) => Signal::Voice(part),
            // Labels without a mixture are refused before.
            (Signal::Voice(_), None) => signal,
        }
    }
}
