//! Perceptual colour maps: 256 entries, the first reserved for "below the floor".
//!
//! Each map is a few colours joined in Oklab (Ottosson, "A perceptual color space for image
//! processing", 2020), in which equal steps look equal; lightness only rises.

use serde::{Deserialize, Serialize};

/// A colour map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Colormap {
    /// Black, plum, red, amber, cream.
    #[default]
    Ember,
    /// Black, indigo, teal, lime.
    Lagoon,
    /// Black to white.
    Grey,
    /// White to black, for paper.
    Ink,
}

impl Colormap {
    /// All of them, in the order shown.
    pub const ALL: [Self; 4] = [Self::Ember, Self::Lagoon, Self::Grey, Self::Ink];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ember => "Ember",
            Self::Lagoon => "Lagoon",
            Self::Grey => "Grey",
            Self::Ink => "Ink",
        }
    }

    fn stops(self) -> &'static [[u8; 3]] {
        match self {
            Self::Ember => &[
                [6, 6, 14],
                [38, 18, 74],
                [98, 24, 108],
                [170, 42, 92],
                [228, 86, 52],
                [248, 160, 42],
                [252, 248, 190],
            ],
            Self::Lagoon => &[
                [8, 8, 18],
                [36, 34, 96],
                [34, 84, 134],
                [26, 138, 132],
                [96, 188, 92],
                [240, 236, 110],
            ],
            Self::Grey => &[[10, 10, 12], [250, 250, 250]],
            Self::Ink => &[[255, 255, 255], [10, 10, 14]],
        }
    }

    /// The map as 256 RGB entries; entry 0 is the background.
    pub fn table(self) -> [[u8; 3]; 256] {
        let stops: Vec<[f32; 3]> = self
            .stops()
            .iter()
            .map(|rgb| oklab_from_rgb(*rgb))
            .collect();
        let last = stops.len() - 1;
        std::array::from_fn(|i| {
            let x = i as f32 / 255.0 * last as f32;
            let at = (x as usize).min(last - 1);
            let t = x - at as f32;
            rgb_from_oklab(blend(stops[at], stops[at + 1], t))
        })
    }

    /// The colour of what is below the floor, entry 0 of [`Self::table`].
    pub fn background(self) -> [u8; 3] {
        self.stops()[0]
    }

    /// Whether the map's background is light, so that lines on it must be dark.
    pub fn is_light(self) -> bool {
        self == Self::Ink
    }
}

/// The map of differences as 256 RGB entries: 0 is blue (less), 127 and 128 the same near-black
/// (none), 255 orange (more). Steps are equally large all the way and on both sides. The sign is
/// told by blue against yellow, which people who confuse red and green see as well.
pub fn difference_table() -> [[u8; 3]; 256] {
    // Equally far from the middle in Oklab.
    const LESS: [u8; 3] = [116, 178, 255];
    const NONE: [u8; 3] = [14, 14, 18];
    const MORE: [u8; 3] = [255, 130, 50];
    let [less, none, more] = [LESS, NONE, MORE].map(oklab_from_rgb);
    std::array::from_fn(|i| {
        rgb_from_oklab(if i < 128 {
            blend(none, less, (127 - i) as f32 / 127.0)
        } else {
            blend(none, more, (i - 128) as f32 / 127.0)
        })
    })
}

/// The colour that is `t`, 0–1, of the way from one to another, in Oklab.
fn blend(from: [f32; 3], to: [f32; 3], t: f32) -> [f32; 3] {
    std::array::from_fn(|c| from[c] * (1.0 - t) + to[c] * t)
}

fn oklab_from_rgb(rgb: [u8; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(|c| {
        let c = f32::from(c) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    });
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn rgb_from_oklab([lightness, a, b]: [f32; 3]) -> [u8; 3] {
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    linear.map(|c| {
        let c = if c <= 0.003_130_8 {
            12.92 * c
        } else {
            1.055 * c.powf(1.0 / 2.4) - 0.055
        };
        (c.clamp(0.0, 1.0) * 255.0).round() as u8
    })
}
