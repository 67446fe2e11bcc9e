//! The figures of a folder of examples.

use egui::{RichText, ScrollArea, Ui};

use super::faint;
use crate::dataset::DatasetInfo;
use crate::gui::library::section;
use crate::gui::theme::{SPACE_L, SPACE_M, figures, small, tokens};

/// Leaks and broken files that are listed; the rest is counted.
const MOST_LISTED: usize = 100;

pub(super) fn ui(ui: &mut Ui, info: &DatasetInfo) {
    let tokens = tokens(ui.ctx());
    let kind = format!("{:?}", info.kind).to_lowercase();
    let examples: u64 = info.folders.values().map(|folder| folder.examples).sum();
    let text = format!(
        "A folder of {kind} · {examples} examples · {:.3} h",
        info.hours
    );
    ui.label(RichText::new(text).strong());
    ui.add_space(SPACE_M);
    ScrollArea::vertical()
        .id_salt("figures")
        .auto_shrink(false)
        .show(ui, |ui| {
            section(ui, "Folders");
            folders(ui, info);
            if info.has_splits {
                ui.add_space(SPACE_L);
                section(ui, "Splits");
                let splits = info.splits.iter();
                let splits: Vec<String> = splits
                    .map(|(split, examples)| format!("{split} {examples}"))
                    .collect();
                ui.label(format!("{} examples", splits.join(", ")));
            }
            if let Some(balance) = info.balance {
                ui.add_space(SPACE_L);
                section(ui, "Class balance");
                let share = 100.0 * balance.high_share().unwrap_or(0.0);
                let text = format!(
                    "{} labels high, {} low: {share:.1} % high",
                    balance.high, balance.low
                );
                ui.label(text);
            }
            if let Some(values) = info.statistics {
                ui.add_space(SPACE_L);
                section(ui, "Values");
                let text = format!(
                    "{} from {} to {}, mean {:.6}, standard deviation {:.6}",
                    values.count, values.min, values.max, values.mean, values.std
                );
                ui.label(text);
                if values.not_finite > 0 {
                    let text = format!("{} are no numbers", values.not_finite);
                    ui.label(RichText::new(text).color(tokens.error));
                }
            }
            ui.add_space(SPACE_L);
            section(ui, "Leaks");
            if info.leaks.is_empty() {
                faint(ui, "Nothing is in two splits");
            } else {
                let lines = info.leaks.iter().map(|leak| {
                    let places = leak.places.join(", ");
                    format!(
                        "The same {} in two splits, {}: {places}",
                        leak.kind, leak.what
                    )
                });
                list(ui, lines, info.leaks.len(), tokens.warning);
            }
            if !info.broken.is_empty() {
                ui.add_space(SPACE_L);
                section(ui, "Cannot be read");
                let lines = info.broken.iter().cloned();
                list(ui, lines, info.broken.len(), tokens.error);
            }
            ui.add_space(SPACE_L);
            section(ui, "Checksum (SHA-256)");
            ui.label(RichText::new(&info.checksum).font(figures()));
        });
}

fn folders(ui: &mut Ui, info: &DatasetInfo) {
    egui::Grid::new("dataset folders")
        .num_columns(4)
        .spacing([SPACE_L, 4.0])
        .show(ui, |ui| {
            for head in ["Folder", "Files", "Examples", "Hours"] {
                faint(ui, head);
            }
            ui.end_row();
            for (name, folder) in &info.folders {
                ui.label(name);
                let hours = format!("{:.3}", folder.hours);
                let numbers = [folder.files.to_string(), folder.examples.to_string(), hours];
                for number in numbers {
                    ui.label(RichText::new(number).font(figures()));
                }
                ui.end_row();
            }
        });
}

fn list(ui: &mut Ui, lines: impl Iterator<Item = String>, count: usize, colour: egui::Color32) {
    for line in lines.take(MOST_LISTED) {
        ui.label(RichText::new(line).font(small()).color(colour));
    }
    if count > MOST_LISTED {
        faint(ui, format!("and {} more", count - MOST_LISTED));
    }
}
