//! Every colour, size and space of the window, for dark and light.

use egui::{Color32, CornerRadius, FontFamily, FontId, Stroke, TextStyle, Theme, Visuals};

/// Space between things that belong together, in points.
pub const SPACE_S: f32 = 4.0;
/// Space between controls.
pub const SPACE_M: f32 = 8.0;
/// Space between groups.
pub const SPACE_L: f32 = 16.0;
/// Width of the controls at the left of a lane.
pub const LANE_HEAD_WIDTH: f32 = 132.0;
/// Height of the time ruler.
pub const RULER_HEIGHT: f32 = 26.0;

/// The named colours of one theme.
#[derive(Debug, Clone, Copy)]
pub struct Tokens {
    /// Behind the lanes.
    pub canvas: Color32,
    /// Panels.
    pub panel: Color32,
    /// Controls.
    pub raised: Color32,
    /// Controls under the pointer.
    pub hovered: Color32,
    /// Lines.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Text of less weight.
    pub faint: Color32,
    /// The one accent.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Selected time.
    pub selection: Color32,
    /// The playhead.
    pub playhead: Color32,
    /// Something went wrong.
    pub error: Color32,
    /// Something to know.
    pub warning: Color32,
    /// Behind the waveform.
    pub lane: Color32,
}

const DARK: Tokens = Tokens {
    canvas: Color32::from_rgb(17, 18, 21),
    panel: Color32::from_rgb(24, 25, 29),
    raised: Color32::from_rgb(40, 42, 48),
    hovered: Color32::from_rgb(52, 55, 62),
    line: Color32::from_rgb(46, 48, 55),
    text: Color32::from_rgb(222, 224, 230),
    faint: Color32::from_rgb(146, 150, 161),
    accent: Color32::from_rgb(72, 187, 176),
    on_accent: Color32::from_rgb(8, 26, 25),
    selection: Color32::from_rgba_unmultiplied_const(72, 187, 176, 38),
    playhead: Color32::from_rgb(250, 250, 252),
    error: Color32::from_rgb(240, 108, 98),
    warning: Color32::from_rgb(232, 178, 84),
    lane: Color32::from_rgb(20, 21, 25),
};

const LIGHT: Tokens = Tokens {
    canvas: Color32::from_rgb(228, 229, 232),
    panel: Color32::from_rgb(244, 244, 246),
    raised: Color32::from_rgb(222, 224, 228),
    hovered: Color32::from_rgb(208, 211, 217),
    line: Color32::from_rgb(204, 206, 212),
    text: Color32::from_rgb(30, 32, 38),
    faint: Color32::from_rgb(98, 102, 112),
    accent: Color32::from_rgb(12, 122, 114),
    on_accent: Color32::from_rgb(250, 252, 252),
    selection: Color32::from_rgba_unmultiplied_const(12, 122, 114, 40),
    playhead: Color32::from_rgb(20, 20, 24),
    error: Color32::from_rgb(190, 44, 36),
    warning: Color32::from_rgb(152, 98, 4),
    lane: Color32::from_rgb(251, 251, 252),
};

/// The colours in force.
pub fn tokens(ctx: &egui::Context) -> &'static Tokens {
    if ctx.theme() == Theme::Light {
        &LIGHT
    } else {
        &DARK
    }
}

/// The fixed hue of a stem, the same in every lane, plot and table.
pub fn stem_colour(name: &str, light: bool) -> Color32 {
    let (r, g, b) = match name.to_lowercase().as_str() {
        "mixture" => (150, 158, 176),
        "vocals" | "voice" | "speech" | "clean" => (236, 120, 158),
        "drums" | "percussive" | "percussion" => (238, 156, 74),
        "bass" => (158, 128, 236),
        "guitar" => (116, 196, 106),
        "keys" | "piano" | "synth" => (90, 164, 240),
        "harmonic" | "centre" => (80, 200, 190),
        "accompaniment" | "instrumental" | "sides" => (104, 150, 226),
        "other" | "rest" | "everything else" | "noise" => (186, 172, 140),
        other => {
            const WHEEL: [(u8, u8, u8); 5] = [
                (214, 190, 90),
                (200, 124, 200),
                (110, 190, 220),
                (220, 138, 118),
                (150, 200, 130),
            ];
            WHEEL[other.bytes().map(usize::from).sum::<usize>() % WHEEL.len()]
        }
    };
    let colour = Color32::from_rgb(r, g, b);
    if light {
        colour.lerp_to_gamma(Color32::from_rgb(20, 22, 30), 0.32)
    } else {
        colour
    }
}

/// The hue of a series in a plot, in the order of its legend: told apart also by people who see red
/// and green alike (Okabe and Ito 2008).
pub fn series_colour(series: usize, light: bool) -> Color32 {
    const SERIES: [(u8, u8, u8); 7] = [
        (0, 114, 178),
        (230, 159, 0),
        (0, 158, 115),
        (204, 121, 167),
        (86, 180, 233),
        (213, 94, 0),
        (150, 140, 40),
    ];
    let (r, g, b) = SERIES[series % SERIES.len()];
    let colour = Color32::from_rgb(r, g, b);
    if light {
        colour
    } else {
        colour.lerp_to_gamma(Color32::WHITE, 0.25)
    }
}

/// Small text.
pub fn small() -> FontId {
    FontId::proportional(11.5)
}

/// Figures that change: every digit is as wide.
pub fn figures() -> FontId {
    FontId::monospace(12.5)
}

/// Sets fonts, spacing and both themes, once.
pub fn install(ctx: &egui::Context) {
    let mut fonts = egui::FontDefinitions::default();
    // The monospace font has arrows and shapes that the text font lacks.
    fonts
        .families
        .entry(FontFamily::Proportional)
        .or_default()
        .push("Hack".into());
    ctx.set_fonts(fonts);
    ctx.all_styles_mut(|style| {
        let sizes = [
            (TextStyle::Small, FontId::proportional(11.5)),
            (TextStyle::Body, FontId::proportional(13.5)),
            (TextStyle::Button, FontId::proportional(13.5)),
            (TextStyle::Monospace, FontId::monospace(12.5)),
            (TextStyle::Heading, FontId::proportional(19.0)),
        ];
        style.text_styles.extend(sizes);
        style.spacing.item_spacing = egui::vec2(SPACE_M, 6.0);
        style.spacing.button_padding = egui::vec2(10.0, 4.0);
        style.spacing.window_margin = egui::Margin::same(16);
        style.spacing.menu_margin = egui::Margin::same(6);
        style.spacing.interact_size.y = 24.0;
        style.spacing.slider_width = 120.0;
        style.spacing.combo_width = 160.0;
        style.spacing.tooltip_width = 320.0;
        style.animation_time = 0.1;
    });
    ctx.set_visuals_of(Theme::Dark, visuals(Visuals::dark(), &DARK));
    ctx.set_visuals_of(Theme::Light, visuals(Visuals::light(), &LIGHT));
}

fn visuals(mut v: Visuals, t: &Tokens) -> Visuals {
    let radius = CornerRadius::same(5);
    v.panel_fill = t.panel;
    v.window_fill = t.panel;
    v.window_stroke = Stroke::new(1.0, t.line);
    v.window_corner_radius = CornerRadius::same(8);
    v.menu_corner_radius = CornerRadius::same(6);
    v.extreme_bg_color = t.canvas;
    v.faint_bg_color = t.raised;
    v.selection.bg_fill = t.accent.gamma_multiply(0.55);
    v.selection.stroke = Stroke::new(1.0, t.text);
    v.hyperlink_color = t.accent;
    v.warn_fg_color = t.warning;
    v.error_fg_color = t.error;
    v.slider_trailing_fill = true;
    v.weak_text_color = Some(t.faint);
    let states = [
        (&mut v.widgets.noninteractive, t.panel, t.text),
        (&mut v.widgets.inactive, t.raised, t.text),
        (&mut v.widgets.hovered, t.hovered, t.text),
        (&mut v.widgets.active, t.hovered, t.text),
        (&mut v.widgets.open, t.raised, t.text),
    ];
    for (state, fill, text) in states {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.fg_stroke = Stroke::new(1.0, text);
        state.corner_radius = radius;
        state.expansion = 0.0;
        state.bg_stroke = Stroke::NONE;
    }
    v.widgets.noninteractive.bg_stroke = Stroke::new(1.0, t.line);
    v.widgets.hovered.bg_stroke = Stroke::new(1.0, t.line);
    v.widgets.active.bg_stroke = Stroke::new(1.0, t.accent);
    v
}
