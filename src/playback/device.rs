//! The sound card. The only user of cpal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cpal::traits::{DeviceTrait as _, HostTrait as _, StreamTrait as _};
use cpal::{
    BufferSize, ErrorKind, FromSample, SampleFormat, SizedSample, StreamConfig, SupportedBufferSize,
};

use super::outlet::Outlet;
use crate::error::{Error, Result};

/// An open output.
pub(super) struct OpenDevice {
    /// Kept alive: dropping it stops the sound.
    _stream: cpal::Stream,
    /// Raised by the system when the device goes away.
    pub(super) lost: Arc<AtomicBool>,
}

/// What an output will be opened as.
pub(super) struct ChosenDevice {
    device: cpal::Device,
    config: StreamConfig,
    format: SampleFormat,
    pub(super) name: String,
    pub(super) sample_rate_hz: u32,
}

fn output_error(error: &cpal::Error) -> Error {
    Error::AudioOutput {
        problem: error.to_string(),
    }
}

fn host() -> Result<cpal::Host> {
    let mut last = None;
    for id in cpal::available_hosts() {
        match cpal::host_from_id(id) {
            Ok(host) => return Ok(host),
            Err(error) => last = Some(output_error(&error)),
        }
    }
    Err(last.unwrap_or_else(|| Error::AudioOutput {
        problem: "this system has no sound output".into(),
    }))
}

/// Names of the outputs that there are; the system's default is not among them.
pub fn output_devices() -> Vec<String> {
    let Ok(host) = host() else { return Vec::new() };
    let mut names: Vec<String> = host
        .output_devices()
        .map(|devices| devices.map(|device| device.to_string()).collect())
        .unwrap_or_default();
    names.dedup();
    names
}

/// Buffers that the device is asked to take a second. Some sound servers take two seconds at once unless
/// asked for less, more than is ever ready.
const BUFFERS_PER_SEC: u32 = 50;

/// Finds an output (by name, or the default) and how it wants its samples, at `rate_hz` if it can;
/// `short_buffer` asks for a buffer of about a fortieth of a second, which not every driver grants.
pub(super) fn choose(name: Option<&str>, rate_hz: u32, short_buffer: bool) -> Result<ChosenDevice> {
    let host = host()?;
    let named = name.and_then(|name| {
        host.output_devices()
            .ok()?
            .find(|device| device.to_string() == name)
    });
    if let (Some(name), None) = (name, &named) {
        return Err(Error::AudioOutput {
            problem: format!("{name} is not there"),
        });
    }
    let device = named
        .or_else(|| host.default_output_device())
        .ok_or_else(|| Error::AudioOutput {
            problem: "there is no sound card".into(),
        })?;
    let usual = device
        .default_output_config()
        .map_err(|e| output_error(&e))?;
    let exact = device.supported_output_configs().ok().and_then(|configs| {
        configs
            .filter(|c| {
                c.channels() == 2 && c.contains_rate(rate_hz) && is_known(c.sample_format())
            })
            .max_by(|a, b| a.cmp_default_heuristics(b))
            .and_then(|c| c.try_with_sample_rate(rate_hz))
    });
    let config = exact.unwrap_or(usual);
    let mut stream = config.config();
    if let (true, SupportedBufferSize::Range { min, max }) = (short_buffer, *config.buffer_size()) {
        let frames = (config.sample_rate() / BUFFERS_PER_SEC).next_power_of_two();
        stream.buffer_size = BufferSize::Fixed(frames.clamp(min, max));
    }
    Ok(ChosenDevice {
        name: device.to_string(),
        format: config.sample_format(),
        config: stream,
        sample_rate_hz: config.sample_rate(),
        device,
    })
}

fn is_known(format: SampleFormat) -> bool {
    matches!(
        format,
        SampleFormat::F32 | SampleFormat::I16 | SampleFormat::I32 | SampleFormat::U16
    )
}

/// Opens it and starts the sound.
pub(super) fn open(chosen: &ChosenDevice, outlet: Outlet) -> Result<OpenDevice> {
    let lost = Arc::new(AtomicBool::new(false));
    let stream = match chosen.format {
        SampleFormat::F32 => build::<f32>(chosen, outlet, &lost),
        SampleFormat::I16 => build::<i16>(chosen, outlet, &lost),
        SampleFormat::I32 => build::<i32>(chosen, outlet, &lost),
        SampleFormat::U16 => build::<u16>(chosen, outlet, &lost),
        format => {
            return Err(Error::AudioOutput {
                problem: format!("{} wants samples as {format}", chosen.name),
            });
        }
    }
    .map_err(|e| output_error(&e))?;
    stream.play().map_err(|e| output_error(&e))?;
    Ok(OpenDevice {
        _stream: stream,
        lost,
    })
}

fn build<T: SizedSample + FromSample<f32>>(
    chosen: &ChosenDevice,
    mut outlet: Outlet,
    lost: &Arc<AtomicBool>,
) -> std::result::Result<cpal::Stream, cpal::Error> {
    let channels = usize::from(chosen.config.channels);
    let lost = Arc::clone(lost);
    // Room for one pass over the callback's buffer without allocating in it.
    let mut floats = vec![0.0_f32; 4096 * channels];
    chosen.device.build_output_stream(
        chosen.config,
        move |out: &mut [T], _| {
            for part in out.chunks_mut(floats.len()) {
                let floats = &mut floats[..part.len()];
                outlet.fill(floats, channels);
                for (out, x) in part.iter_mut().zip(floats.iter()) {
                    *out = T::from_sample(x.clamp(-1.0, 1.0));
                }
            }
        },
        move |error: cpal::Error| match error.kind() {
            ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged => {}
            _ => lost.store(true, Ordering::Release),
        },
        None,
    )
}
