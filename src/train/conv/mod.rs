//! Convolutions on the processor, with gradients.
//!
//! ```text
//! image ─► unfold.rs: columns of a tile ─► product.rs: kernel · columns ─► places      (gather)
//! places ─► kernelᵀ · places: columns of a tile ─► unfold.rs: summed up ─► image       (scatter)
//! image, places ─► places · columnsᵀ ─► the kernel's gradient
//! ```
//!
//! A convolution gathers and its input's gradient scatters; a transposed convolution scatters and
//! its input's gradient gathers; both kernels' gradients are the same sum. `kernels.rs` holds these
//! three, `op.rs` makes operations of burn's graph of them. Tiles are small enough that columns stay
//! in the processor's cache. On any other device, burn's own convolutions run.

mod kernels;
mod op;
mod product;
mod shape;
mod unfold;

pub(super) use op::{convolve, deconvolve};
