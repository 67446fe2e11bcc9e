//! Sound out: any number of lanes mixed at one playhead.
//!
//! ```text
//! window ─ PlayerCommand ─► feeder thread (Mixer: lanes → frames) ─► ring ─► Outlet (callback)
//! window ◄─ PlayerEvent, atomics ──────────────────────────────────────────────┘
//! ```
//!
//! The callback only takes frames from the ring: no lock, no allocation, no log. Every frame in the
//! ring carries its place in the song, so the position shown is the one heard, to the sample.

mod device;
mod feeder;
mod line;
mod mixer;
mod outlet;

pub use device::output_devices;
pub use feeder::{Player, PlayerCommand, PlayerEvent};
pub use mixer::{MixLane, Mixer};
pub use outlet::{Outlet, PlaybackState, StereoFrame, outlet};
