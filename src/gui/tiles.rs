//! Spectrogram tiles: asked for by key, made by two workers, kept as textures.
//!
//! Measured tiles are shared among the workers; the window only holds coloured textures. A colour
//! change asks for the same tiles again, which costs a table look-up, no FFT.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use egui::{Color32, ColorImage, TextureHandle, TextureOptions};

use crate::audio::Clip;
use crate::display::{
    Colormap, FreqAxis, FreqScale, MagTile, Overview, TILE_COLUMNS, TileKey, TileStore,
    colour_difference, colour_tile, tile_from_clip,
};

/// Rows of a coloured tile.
const ROWS: usize = 256;
/// Textures kept: 256 kB each.
const MAX_TEXTURES: usize = 400;
/// Measured tiles kept: 262 kB each.
const MAX_MEASURED: usize = 400;
/// Textures sent to the GPU in one frame.
const MAX_UPLOADS: usize = 6;
const QUEUE: usize = 128;
/// Differences are shown from −20 to +20 dB.
pub const DIFFERENCE_DB: f32 = 20.0;

/// Everything that a coloured tile depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ColourKey {
    /// What is measured.
    pub tile: TileKey,
    /// What is taken away from it: a difference is shown instead of levels.
    pub less: Option<TileKey>,
    /// The frequency axis.
    pub scale: FreqScale,
    /// The colours.
    pub colormap: Colormap,
    /// Floor and ceiling in whole dB.
    pub range_db: (i16, i16),
}

/// Where a tile's values come from: a clip, and its overview for tiles from afar.
pub type TileSource<'a> = (&'a Clip, Option<&'a Arc<Overview>>);

struct Wanted {
    key: ColourKey,
    clip: Clip,
    overview: Option<Arc<Overview>>,
    less: Option<(Clip, Option<Arc<Overview>>)>,
}

struct Made {
    key: ColourKey,
    image: Option<ColorImage>,
}

/// Textures by key, and the workers that make them.
pub struct Tiles {
    textures: HashMap<ColourKey, (TextureHandle, u64)>,
    pending: HashSet<ColourKey>,
    requests: Option<Sender<Wanted>>,
    made: Receiver<Made>,
    frame: u64,
    threads: Vec<JoinHandle<()>>,
}

impl Tiles {
    /// Starts the workers. `wake` is called after every tile.
    pub fn new(wake: impl Fn() + Send + Sync + Clone + 'static) -> Self {
        let (requests, inbox) = bounded::<Wanted>(QUEUE);
        let (outbox, made) = bounded(QUEUE);
        let store = Arc::new(Mutex::new(TileStore::new(MAX_MEASURED)));
        let threads = (0..2)
            .filter_map(|i| {
                let (inbox, outbox, store, wake) = (
                    inbox.clone(),
                    outbox.clone(),
                    Arc::clone(&store),
                    wake.clone(),
                );
                std::thread::Builder::new()
                    .name(format!("tiles-{i}"))
                    .spawn(move || {
                        while let Ok(wanted) = inbox.recv() {
                            let image = make(&wanted, &store);
                            if outbox
                                .send(Made {
                                    key: wanted.key,
                                    image,
                                })
                                .is_err()
                            {
                                return;
                            }
                            wake();
                        }
                    })
                    .ok()
            })
            .collect();
        Self {
            textures: HashMap::new(),
            pending: HashSet::new(),
            requests: Some(requests),
            made,
            frame: 0,
            threads,
        }
    }

    /// Takes finished tiles, a few per frame; answers whether more are waiting.
    pub fn receive(&mut self, ctx: &egui::Context) -> bool {
        self.frame += 1;
        for _ in 0..MAX_UPLOADS {
            let Ok(made) = self.made.try_recv() else {
                return false;
            };
            self.pending.remove(&made.key);
            if let Some(image) = made.image {
                let texture = ctx.load_texture("spectrogram", image, TextureOptions::LINEAR);
                self.textures.insert(made.key, (texture, self.frame));
            }
        }
        if self.textures.len() > MAX_TEXTURES {
            let mut ages: Vec<u64> = self.textures.values().map(|(_, used)| *used).collect();
            ages.sort_unstable();
            let limit = ages[self.textures.len() - MAX_TEXTURES];
            self.textures.retain(|_, (_, used)| *used >= limit);
        }
        !self.made.is_empty()
    }

    /// The texture, if it is here.
    pub fn get(&mut self, key: &ColourKey) -> Option<TextureHandle> {
        let (texture, used) = self.textures.get_mut(key)?;
        *used = self.frame;
        Some(texture.clone())
    }

    /// Asks for a tile, unless it is on its way. A full queue forgets: the next frame asks again.
    /// `less` is what a difference takes away.
    pub fn want(
        &mut self,
        key: ColourKey,
        (clip, overview): TileSource<'_>,
        less: Option<TileSource<'_>>,
    ) {
        if self.pending.contains(&key) {
            return;
        }
        let wanted = Wanted {
            key,
            clip: clip.clone(),
            overview: overview.cloned(),
            less: less.map(|(clip, overview)| (clip.clone(), overview.cloned())),
        };
        if self
            .requests
            .as_ref()
            .is_some_and(|requests| requests.try_send(wanted).is_ok())
        {
            self.pending.insert(key);
        }
    }

    /// Whether anything is still to come.
    pub fn is_busy(&self) -> bool {
        !self.pending.is_empty()
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        self.requests = None;
        for thread in self.threads.drain(..) {
            while !thread.is_finished() {
                self.made.try_iter().for_each(drop);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            thread.join().ok();
        }
    }
}

fn make(wanted: &Wanted, store: &Mutex<TileStore>) -> Option<ColorImage> {
    let ColourKey {
        tile: key,
        less,
        scale,
        colormap,
        range_db,
    } = wanted.key;
    let tile = measured(&key, &wanted.clip, wanted.overview.as_ref(), store)?;
    let rate = wanted.clip.sample_rate_hz();
    let axis = FreqAxis::full(scale, rate);
    let pixels = match less.zip(wanted.less.as_ref()) {
        Some((key, (clip, overview))) => {
            let less = measured(&key, clip, overview.as_ref(), store)?;
            colour_difference(&tile, &less, &axis, rate, ROWS, DIFFERENCE_DB)
        }
        None => {
            let range = (f32::from(range_db.0), f32::from(range_db.1));
            colour_tile(&tile, &axis, rate, ROWS, colormap, range)
        }
    };
    let pixels = pixels
        .into_iter()
        .map(|[r, g, b]| Color32::from_rgb(r, g, b))
        .collect();
    Some(ColorImage::new([TILE_COLUMNS, ROWS], pixels))
}

fn measured(
    key: &TileKey,
    clip: &Clip,
    overview: Option<&Arc<Overview>>,
    store: &Mutex<TileStore>,
) -> Option<Arc<MagTile>> {
    let lock = || store.lock().unwrap_or_else(PoisonError::into_inner);
    let known = lock().get(key);
    if known.is_some() {
        return known;
    }
    let tile = match overview {
        Some(overview) => overview.tile(key.level, key.index)?,
        None => tile_from_clip(clip, key.level, key.index)?,
    };
    let tile = Arc::new(tile);
    lock().put(*key, Arc::clone(&tile));
    Some(tile)
}
