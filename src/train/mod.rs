//! Where networks learn: on the processor (burn's `flex`) or, with the feature `train-gpu`, on any
//! vendor's graphics card (burn's `wgpu`: Vulkan, Metal, DirectX 12).

mod device;

pub use device::{Processor, TrainDevice, choose, list};
