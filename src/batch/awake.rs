//! Keeps the computer from going to sleep while a batch runs.

/// As long as this lives, the computer stays awake, where the system lets a program ask for that.
pub struct StayAwake {
    #[cfg(feature = "gui")]
    _held: Option<keepawake::KeepAwake>,
}

impl StayAwake {
    /// Asks. A system that cannot be asked (a server, a container) does not sleep by itself.
    pub fn begin() -> Self {
        Self {
            #[cfg(feature = "gui")]
            _held: keepawake::Builder::default()
                .idle(true)
                .sleep(true)
                .reason("Songs are being separated")
                .app_name("Stemloom")
                .app_reverse_domain("io.github.stemloom")
                .create()
                .ok(),
        }
    }
}
