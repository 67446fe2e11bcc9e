//! The takes as a table: sortable, one row heard, one A, one B.

use egui::{Align, Layout, RichText, Sense, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use super::{ListenAction, ListenView};
use crate::gui::scene::Action;
use crate::gui::theme::{figures, small, stem_colour, tokens};
use crate::listen::Choice;
use crate::session::{Id, Lane, Song, Take};

const ROW_HEIGHT: f32 = 26.0;

/// A column that the table can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// As made.
    Number,
    /// The take's name.
    Take,
    /// The lane's name.
    Sound,
    /// What was done.
    Settings,
    /// Spectral convergence.
    Convergence,
    /// Log-spectral distance.
    Distance,
    /// Signal-to-noise ratio.
    Snr,
    /// Scale-invariant signal-to-distortion ratio.
    SiSdr,
    /// Seconds of work.
    Time,
    /// Integrated loudness.
    Loudness,
    /// Gain that makes it as loud as the song.
    Gain,
}

impl Column {
    pub(super) const ALL: [Self; 11] = [
        Self::Number,
        Self::Take,
        Self::Sound,
        Self::Settings,
        Self::Convergence,
        Self::Distance,
        Self::Snr,
        Self::SiSdr,
        Self::Time,
        Self::Loudness,
        Self::Gain,
    ];

    /// Whether it holds numbers.
    fn is_number(self) -> bool {
        !matches!(
            self,
            Self::Number | Self::Take | Self::Sound | Self::Settings
        )
    }

    /// The heading, and what it means.
    pub(super) fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::Number => ("Key", "The key that switches to the row"),
            Self::Take => ("Take", "The take's name; edit it below"),
            Self::Sound => ("Sound", "The stem, or the method"),
            Self::Settings => ("Settings", "Everything that decides the result"),
            Self::Convergence => (
                "Conv. dB",
                "Spectral convergence: how well the sound has the magnitudes it was made for; lower is better",
            ),
            Self::Distance => (
                "LSD dB",
                "Log-spectral distance to the song; lower is better",
            ),
            Self::Snr => ("SNR dB", "Against the song's samples; higher is better"),
            Self::SiSdr => (
                "SI-SDR dB",
                "Against the song's samples at the best gain; higher is better",
            ),
            Self::Time => ("Time s", "Seconds the work took"),
            Self::Loudness => ("LUFS", "Integrated loudness, ITU-R BS.1770"),
            Self::Gain => ("Gain dB", "What matching the loudness adds"),
        }
    }
}

/// A row's data.
pub(super) struct Row<'a> {
    pub(super) lane: &'a Lane,
    pub(super) take: Option<&'a Take>,
    pub(super) lufs: Option<f64>,
    pub(super) gain_db: Option<f64>,
}

impl Row<'_> {
    /// The number of a column of numbers.
    pub(super) fn number(&self, column: Column) -> Option<f64> {
        let figures = self.take.and_then(|take| take.figures);
        match column {
            Column::Convergence => figures.map(|f| f.spectral_convergence_db),
            Column::Distance => figures.map(|f| f.log_spectral_distance_db),
            Column::Snr => figures.map(|f| f.snr_db),
            Column::SiSdr => figures.map(|f| f.si_sdr_db),
            Column::Time => self.take.map(|take| take.taken_secs),
            Column::Loudness => self.lufs,
            Column::Gain => self.gain_db,
            Column::Number | Column::Take | Column::Sound | Column::Settings => None,
        }
    }

    /// The words of a column of words.
    pub(super) fn words(&self, column: Column) -> String {
        match (column, self.take) {
            (Column::Take, Some(take)) => take.name.clone(),
            (Column::Take, None) => "The song".into(),
            (Column::Sound, _) => self.lane.name.clone(),
            (Column::Settings, Some(take)) => take.settings(),
            _ => String::new(),
        }
    }
}

/// The rows in the order of the table.
pub(super) fn rows<'a>(view: &ListenView, song: &'a Song) -> Vec<Row<'a>> {
    let matching = view.matching(song);
    let lanes = song.arrangement.lanes.iter().enumerate();
    let mut rows: Vec<Row<'_>> = lanes
        .map(|(i, lane)| Row {
            lane,
            take: lane.take.and_then(|id| song.take(id)),
            lufs: view
                .loudness
                .get(&lane.clip)
                .and_then(|l| l.integrated_lufs),
            gain_db: matching.as_ref().and_then(|matching| matching.gains_db[i]),
        })
        .collect();
    let (column, reversed) = view.sort;
    match column {
        Column::Number => {}
        Column::Take | Column::Sound | Column::Settings => {
            rows.sort_by_key(|row| row.words(column).to_lowercase());
        }
        _ => rows.sort_by(|a, b| {
            let key = |row: &Row<'_>| row.number(column).unwrap_or(f64::INFINITY);
            key(a).total_cmp(&key(b))
        }),
    }
    if reversed {
        rows.reverse();
    }
    // What has no number stands last, either way round.
    if column.is_number() {
        rows.sort_by_key(|row| row.number(column).is_none());
    }
    rows
}

pub(super) fn ui(ui: &mut Ui, view: &ListenView, song: &Song, actions: &mut Vec<Action>) {
    let rows = rows(view, song);
    let heard = view.heard_lane(song);
    let pair = view.pair(song);
    let mut table = TableBuilder::new(ui)
        .id_salt("takes")
        .sense(Sense::click())
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Width::exact(26.0))
        .column(Width::exact(64.0))
        .column(Width::exact(38.0))
        .column(
            Width::initial(110.0)
                .at_least(60.0)
                .clip(true)
                .resizable(true),
        )
        .column(
            Width::initial(170.0)
                .at_least(60.0)
                .clip(true)
                .resizable(true),
        )
        .column(Width::remainder().at_least(80.0).clip(true));
    for _ in 4..Column::ALL.len() {
        table = table.column(Width::exact(66.0));
    }
    table
        .header(22.0, |mut header| {
            header.col(|_| {});
            header.col(|ui| {
                ui.label(RichText::new("A  B").font(small()).weak());
            });
            for column in Column::ALL {
                header.col(|ui| heading(ui, view, column, actions));
            }
        })
        .body(|body| {
            body.rows(ROW_HEIGHT, rows.len(), |mut table_row| {
                let index = table_row.index();
                let row = &rows[index];
                table_row.set_selected(Some(row.lane.id) == heard);
                let is_heard = Some(row.lane.id) == heard;
                line(&mut table_row, view, (index, row, is_heard), pair, actions);
                let response = table_row.response();
                response.widget_info(|| {
                    let label = format!("Row {}, {}", index + 1, song.lane_title(row.lane));
                    egui::WidgetInfo::labeled(egui::Role::Row, true, label)
                });
                if response.clicked() {
                    actions.push(Action::Listen(ListenAction::Hear(row.lane.id)));
                }
            });
        });
}

/// Numbers stand at the right of their column.
fn right() -> Layout {
    Layout::right_to_left(Align::Center)
}

fn heading(ui: &mut Ui, view: &ListenView, column: Column, actions: &mut Vec<Action>) {
    let (name, tip) = column.heading();
    let (sorted, reversed) = view.sort;
    let mark = match (sorted == column, reversed) {
        (true, false) => " ▲",
        (true, true) => " ▼",
        _ => "",
    };
    let text = RichText::new(format!("{name}{mark}")).font(small()).weak();
    let label = egui::Label::new(text).sense(Sense::click()).truncate();
    let response = if column.is_number() {
        ui.with_layout(right(), |ui| ui.add(label)).inner
    } else {
        ui.add(label)
    };
    let response = response.on_hover_text(tip);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Sort by {name}"))
    });
    if response.clicked() {
        actions.push(Action::Listen(ListenAction::Sort(column)));
    }
}

fn line(
    table_row: &mut TableRow<'_, '_>,
    view: &ListenView,
    (index, row, heard): (usize, &Row<'_>, bool),
    (a, b): (Option<Id>, Option<Id>),
    actions: &mut Vec<Action>,
) {
    let id = row.lane.id;
    let title = format!("row {}", index + 1);
    table_row.col(|ui| {
        if row.take.is_none() {
            // The song is every ranking's reference.
            return;
        }
        let mut ticked = view.ticked.contains(&id);
        let response = ui
            .name_inputs(format!("Rank {title}"), |ui| ui.checkbox(&mut ticked, ""))
            .on_hover_text("Put this into the blind ranking");
        if response.changed() {
            actions.push(Action::Listen(ListenAction::Tick(id, ticked)));
        }
    });
    table_row.col(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding.x = 8.0;
        for (choice, chosen) in [(Choice::A, a), (Choice::B, b)] {
            let text = RichText::new(choice.label()).font(small());
            let button = egui::Button::selectable(chosen == Some(id), text);
            let label = format!("Use {title} as {}", choice.label());
            let response = ui.add(button).on_hover_text(&label);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
            if response.clicked() {
                actions.push(Action::Listen(ListenAction::Use(choice, id)));
            }
        }
    });
    for column in Column::ALL {
        let (_, _) = table_row.col(|ui| {
            let tokens = tokens(ui.ctx());
            match column {
                Column::Number => {
                    let light = ui.ctx().theme() == egui::Theme::Light;
                    let key = if index < 9 {
                        (index + 1).to_string()
                    } else {
                        "·".into()
                    };
                    let colour = stem_colour(&row.lane.name, light);
                    let text = RichText::new(key).font(figures()).color(colour);
                    ui.add(egui::Label::new(text).selectable(false));
                }
                Column::Take | Column::Sound | Column::Settings => {
                    let words = row.words(column);
                    let mut text = RichText::new(&words);
                    if column == Column::Settings {
                        // Faint text would drown in the colour of the row that is heard.
                        let colour = if heard { tokens.text } else { tokens.faint };
                        text = text.font(small()).color(colour);
                    }
                    let label = egui::Label::new(text).truncate().selectable(false);
                    ui.add(label).on_hover_text(words);
                }
                _ => {
                    let text = row
                        .number(column)
                        .map_or_else(|| "–".to_owned(), |number| format!("{number:.2}"));
                    let text = RichText::new(text).font(figures());
                    let label = egui::Label::new(text).selectable(false);
                    ui.with_layout(right(), |ui| ui.add(label));
                }
            }
        });
    }
}
