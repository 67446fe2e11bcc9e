//! The network of the last job, kept for the next.

use crate::apply::{Network, NetworkUse, open_network_for};
use crate::error::Result;
use crate::model::{Device, file_sha256};
use crate::progress::Reporter;

/// A network, and what it was asked for with.
struct Loaded {
    model: String,
    device: Device,
    sha256: String,
    network: Network,
}

/// At most one network: large ones would not fit beside each other.
#[derive(Default)]
pub(super) struct KeptNetwork(Option<Loaded>);

impl KeptNetwork {
    /// Lets it go.
    pub fn forget(&mut self) {
        self.0 = None;
    }

    /// The network for this use, kept from the last job where it is the same, and its SHA-256.
    ///
    /// # Errors
    /// As [`open_network_for`]; [`crate::Error::Cancelled`].
    pub fn open(
        &mut self,
        wanted: NetworkUse,
        model: &str,
        device: &Device,
        reporter: &Reporter,
    ) -> Result<(&mut Network, String)> {
        let same = |loaded: &Loaded| loaded.model == model && loaded.device == *device;
        let loaded = match self.0.take().filter(same) {
            Some(loaded) => loaded,
            None => {
                reporter.step("Loading the model", 0, 0)?;
                let (network, remark) = open_network_for(wanted, model, device, 0)?;
                remark.into_iter().for_each(|remark| reporter.warn(remark));
                Loaded {
                    model: model.to_owned(),
                    device: device.clone(),
                    sha256: file_sha256(network.model().path(), reporter)?,
                    network,
                }
            }
        };
        let loaded = self.0.insert(loaded);
        wanted.check(loaded.network.card())?;
        Ok((&mut loaded.network, loaded.sha256.clone()))
    }
}
