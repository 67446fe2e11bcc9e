//! Widgets that several workspaces have.

use egui::{RichText, Ui};

use super::theme::small;
use crate::dataset::Split;

/// A field for a file or folder with its name above it, and a button for its dialog, which
/// accessibility calls `browse`. Answers whether the dialog is asked for.
pub(super) fn path_field(
    ui: &mut Ui,
    (name, tip): (&str, &str),
    path: &mut String,
    browse: &str,
) -> bool {
    let text = RichText::new(name).font(small()).weak();
    let label = ui.add(egui::Label::new(text).selectable(false)).id;
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 92.0).max(60.0);
        let edit = egui::TextEdit::singleline(path).desired_width(width);
        ui.add(edit).labelled_by(label).on_hover_text(tip);
        let button = ui.button("Choose…").on_hover_text("Choose by dialog");
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, browse));
        button.clicked()
    })
    .inner
}

/// The choice of what songs are for; answers whether it was changed.
pub(super) fn split_combo(ui: &mut Ui, id: &str, split: &mut Option<Split>) -> bool {
    let before = *split;
    let label = ui.label(RichText::new("Split").font(small())).id;
    let combo = egui::ComboBox::from_id_salt(id)
        .width(80.0)
        .selected_text(split.map_or("all", Split::name))
        .show_ui(ui, |ui| {
            ui.selectable_value(split, None, "all");
            for own in Split::ALL {
                ui.selectable_value(split, Some(own), own.name());
            }
        });
    combo.response.labelled_by(label);
    *split != before
}
