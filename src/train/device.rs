//! What a network can be trained on. burn's devices are made in this file only.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;

use crate::error::{Error, Result};

/// A wish: where to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TrainDevice {
    /// The first graphics card, else the processor. Never a software adapter, which is tens of
    /// times slower than the processor itself.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A graphics adapter by its number in [`list`], from 0.
    Gpu(usize),
}

impl FromStr for TrainDevice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu(0)),
            _ => text
                .strip_prefix("gpu:")
                .and_then(|number| number.parse().ok())
                .map(Self::Gpu)
                .ok_or_else(|| {
                    Error::setting(
                        "device",
                        format!("{text:?} is none of auto, cpu, gpu, gpu:N"),
                    )
                }),
        }
    }
}

impl fmt::Display for TrainDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(number) => write!(f, "gpu:{number}"),
        }
    }
}

/// Something that can train.
#[derive(Debug, Clone)]
pub struct Processor {
    /// How it is asked for.
    pub wish: TrainDevice,
    /// What it calls itself.
    pub name: String,
    /// Whether it is the processor pretending to be a graphics card.
    pub is_software: bool,
    device: Device,
}

impl Processor {
    /// burn's handle, on which tensors are made.
    pub fn device(&self) -> &Device {
        &self.device
    }

    fn cpu() -> Self {
        Self {
            wish: TrainDevice::Cpu,
            name: format!("processor, {} threads", rayon::current_num_threads()),
            is_software: false,
            device: Device::flex(),
        }
    }
}

/// The processor, then the graphics adapters, real cards first. Opens every adapter, which can take
/// a second.
pub fn list() -> Vec<Processor> {
    let mut adapters = adapters();
    adapters.sort_by_key(|adapter| adapter.is_software);
    for (number, adapter) in adapters.iter_mut().enumerate() {
        adapter.wish = TrainDevice::Gpu(number);
    }
    let mut all = vec![Processor::cpu()];
    all.append(&mut adapters);
    all
}

/// The one that a wish means, on this machine.
///
/// # Errors
/// [`Error::Device`] if it is not there.
pub fn choose(wish: TrainDevice) -> Result<Processor> {
    if wish == TrainDevice::Cpu {
        return Ok(Processor::cpu());
    }
    choose_from(list(), wish)
}

fn choose_from(all: Vec<Processor>, wish: TrainDevice) -> Result<Processor> {
    let ids: Vec<String> = all.iter().map(|p| p.wish.to_string()).collect();
    let found = match wish {
        TrainDevice::Auto => all
            .into_iter()
            .filter(|p| !p.is_software)
            // The last: a real card if there is one, and of several the first.
            .max_by_key(|p| match p.wish {
                TrainDevice::Gpu(number) => usize::MAX - number,
                _ => 0,
            }),
        _ => all.into_iter().find(|p| p.wish == wish),
    };
    found.ok_or_else(|| Error::Device {
        device: wish.to_string(),
        reason: if cfg!(feature = "train-gpu") {
            format!("this machine has {}", ids.join(", "))
        } else {
            "this build trains on the processor only (feature train-gpu)".into()
        },
        cure: "use --device auto or --device cpu".into(),
    })
}

#[cfg(feature = "train-gpu")]
fn adapters() -> Vec<Processor> {
    Device::enumerate(burn::tensor::DeviceType::Wgpu)
        .into_vec()
        .into_iter()
        .filter_map(|device| {
            let identity = device.identity()?;
            Some(Processor {
                wish: TrainDevice::Gpu(0),
                name: identity.name,
                // A software rasteriser is no card.
                is_software: identity.physical.is_none(),
                device,
            })
        })
        .collect()
}

#[cfg(not(feature = "train-gpu"))]
fn adapters() -> Vec<Processor> {
    Vec::new()
}
