//! What commands that run a network ask alike: where it runs, and where results go.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Terminal;
use crate::apply::{
    self, ExportOptions, Network, NetworkUse, Params, PeakRule, Region, SongName, StemFile,
    peak_warnings, song_name,
};
use crate::audio::{AudioFormat, Decoder, Source as _, sanitise_file_name};
use crate::batch::draw_result;
use crate::error::{Error, Result};
use crate::model::Device;
use crate::progress::Reporter;

#[derive(Debug, Args)]
pub(super) struct DeviceArgs {
    /// auto, cpu, cuda[:N], tensorrt[:N], coreml, directml[:N].
    #[arg(long, default_value = "auto")]
    pub device: Device,
    /// Processor threads for the network; 0 lets ONNX Runtime choose.
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

impl DeviceArgs {
    /// A network that separates, loaded.
    pub fn separator(&self, model: &str, params: &Params, terminal: &Terminal) -> Result<Network> {
        let opened = apply::open_network(model, params, &self.device, self.threads)?;
        Ok(Self::tell(opened, model, terminal))
    }

    /// A network for another use, loaded.
    pub fn network(&self, wanted: NetworkUse, model: &str, terminal: &Terminal) -> Result<Network> {
        let opened = apply::open_network_for(wanted, model, &self.device, self.threads)?;
        Ok(Self::tell(opened, model, terminal))
    }

    fn tell(opened: (Network, Option<String>), model: &str, terminal: &Terminal) -> Network {
        let (network, remark) = opened;
        if let Some(remark) = remark {
            terminal.reporter(model).warn(remark);
        }
        network
    }
}

#[derive(Debug, Args)]
pub(super) struct FilesArgs {
    /// Where the results go.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// wav16, wav24, wav32f or flac.
    #[arg(long, default_value = "wav24")]
    format: AudioFormat,
    /// File name without ending: {name} {title} {artist} {stem} {model}.
    #[arg(long, value_name = "PATTERN", default_value = "{name} ({stem})")]
    name: String,
    /// Write a picture of song, masks and results beside them.
    #[arg(long)]
    pub pictures: bool,
    /// Which audio track of the input, from 0.
    #[arg(long)]
    pub track: Option<usize>,
    /// Replace files of the same name.
    #[arg(long)]
    overwrite: bool,
}

/// One song's files, checked before the work.
pub(super) struct SongFiles<'a> {
    args: &'a FilesArgs,
    input: &'a Path,
    pub region: Option<Region>,
    /// What the files are named after.
    pub song: SongName,
    /// How they are written.
    pub export: ExportOptions,
    picture: PathBuf,
}

impl FilesArgs {
    /// The files that a song's results will be.
    pub fn of<'a>(
        &'a self,
        (input, decoder): (&'a Path, &Decoder),
        model: &str,
        region: Option<Region>,
        (sample_rate_hz, peaks): (Option<u32>, PeakRule),
    ) -> Result<SongFiles<'a>> {
        if let Some(region) = &region {
            region.validate()?;
        }
        let song = song_name(input, decoder.info().tags.clone(), model);
        let picture = sanitise_file_name(&format!("{} [{model}]", song.name));
        Ok(SongFiles {
            args: self,
            input,
            region,
            picture: self.out.join(format!("{picture}.png")),
            song,
            export: ExportOptions {
                folder: self.out.clone(),
                format: self.format,
                pattern: self.name.clone(),
                sample_rate_hz,
                peaks,
                overwrite: self.overwrite,
            },
        })
    }
}

impl SongFiles<'_> {
    /// Checks names, rights and room for results of `channels` channels at the song's rate.
    pub fn check(&self, names: &[String], decoder: &Decoder, channels: usize) -> Result<()> {
        let rate = decoder.sample_rate_hz();
        let frames = decoder.frames_hint().map(|frames| match &self.region {
            Some(Region {
                duration_secs: Some(secs),
                ..
            }) => frames.min((secs * f64::from(rate)) as u64),
            _ => frames,
        });
        self.export
            .check(&self.song, names, (rate, channels), frames)?;
        if self.args.pictures && self.picture.exists() && !self.args.overwrite {
            return Err(Error::Exists {
                path: self.picture.clone(),
            });
        }
        Ok(())
    }

    /// Tells of peaks, and draws the picture if one is wanted; answers its path.
    pub fn finish(&self, files: &[StemFile], reporter: &Reporter) -> Result<Option<&Path>> {
        for warning in peak_warnings(files) {
            reporter.warn(warning);
        }
        if !self.args.pictures {
            return Ok(None);
        }
        let stems: Vec<(String, PathBuf)> = files
            .iter()
            .map(|file| (file.name.clone(), file.path.clone()))
            .collect();
        draw_result(
            (self.input, self.args.track, self.region),
            &stems,
            &self.picture,
            self.args.overwrite,
            reporter,
        )?;
        Ok(Some(&self.picture))
    }
}
