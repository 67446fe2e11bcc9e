//! From a model's id to something that separates.

use std::path::Path;

use super::Separator;
use super::builtin::{self, BUILTIN_IDS, Params};
use super::network::Network;
use super::network_use::NetworkUse;
use crate::error::{Error, Result};
use crate::model::{Device, ModelCard, ModelShelf, OnnxModel};

/// Whether an id is one of the methods that need no network.
pub fn is_weight_free(id: &str) -> bool {
    BUILTIN_IDS.contains(&id)
}

/// A weight-free method with its settings.
///
/// # Errors
/// As [`builtin::create`]; [`Error::Device`] if another device than the processor is asked for.
pub fn open_weight_free(id: &str, params: &Params, device: &Device) -> Result<Box<dyn Separator>> {
    if !matches!(device, Device::Auto | Device::Cpu) {
        return Err(Error::Device {
            device: device.to_string(),
            reason: format!("{id} needs no network and runs on the processor"),
            cure: "leave --device out, or choose auto".into(),
        });
    }
    builtin::create(id, params)
}

/// A network that separates, of the shelf or a file, loaded; and what the person should know of its
/// device, if `auto` came to the processor for a reason.
///
/// # Errors
/// As [`open_network_for`]; [`Error::Setting`] if it is given settings.
pub fn open_network(
    id: &str,
    params: &Params,
    device: &Device,
    threads: usize,
) -> Result<(Network, Option<String>)> {
    let (path, card) = ModelShelf::scan().find(id, &BUILTIN_IDS)?;
    NetworkUse::Separate.check(&card)?;
    if let Some(name) = params.0.keys().next() {
        let problem = format!("{} has no settings; its card says how it is run", card.id);
        return Err(Error::setting(name, problem));
    }
    load(&path, card, device, threads)
}

/// A network for some use, of the shelf or a file, loaded; and what the person should know of its
/// device, if `auto` came to the processor for a reason.
///
/// # Errors
/// [`Error::Setting`] "model" if it is for another use, or needs no network; as
/// [`ModelShelf::find`] and [`OnnxModel::load`].
pub fn open_network_for(
    wanted: NetworkUse,
    id: &str,
    device: &Device,
    threads: usize,
) -> Result<(Network, Option<String>)> {
    if is_weight_free(id) {
        let problem = format!("{id} splits a song into stems; use `stemloom separate`");
        return Err(Error::setting("model", problem));
    }
    let (path, card) = ModelShelf::scan().find(id, &BUILTIN_IDS)?;
    wanted.check(&card)?;
    load(&path, card, device, threads)
}

fn load(
    path: &Path,
    card: ModelCard,
    device: &Device,
    threads: usize,
) -> Result<(Network, Option<String>)> {
    let model = OnnxModel::load(path, device, threads)?;
    let on_cpu = model.device() == "cpu" && *device == Device::Auto;
    let remark = model
        .device_reason()
        .filter(|reason| on_cpu && !reason.contains("no GPU provider"))
        .map(|reason| format!("running on the processor: {reason}"));
    Ok((Network::new(model, card)?, remark))
}

/// What stands for a model in file names: its id, or its file's name without the ending.
pub fn model_name(id: &str) -> String {
    Path::new(id)
        .file_stem()
        .filter(|_| id.ends_with(".onnx"))
        .map_or_else(|| id.to_owned(), |stem| stem.to_string_lossy().into_owned())
}
