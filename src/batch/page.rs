//! The report as a page for people: one self-contained HTML file.

use super::report::{FileReport, Report};
use super::row::RowState;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8883; --quiet: #8a8f98; --good: #2c9c8a; --bad: #d0473e; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
p.sum { color: var(--quiet); margin: 0 0 1.5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: .85rem; }
th, td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.s { white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .quiet { color: var(--quiet); }
.path { overflow-wrap: anywhere; } ul { margin: .2rem 0 0; padding-left: 1.1rem; } small { color: var(--quiet); }
";

/// The page: figures of the whole, then a row for each song, those that failed first.
pub fn report_page(report: &Report) -> String {
    let good = report.count(RowState::is_good);
    let failed = report.count(|state| state == RowState::Failed);
    let (audio, taken) = report.seconds();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Batch report</title><style>{STYLE}</style>\n<h1>{}</h1>\n<p class=\"sum\">",
        headline(report.files.len(), good, failed)
    );
    let mut facts = report.counts();
    if audio > 0.0 {
        facts.push(format!(
            "{} of audio in {} of work",
            clock(audio),
            clock(taken)
        ));
    }
    page.push_str(&facts.join(" · "));
    page.push_str(
        "</p>\n<table><thead><tr><th>Song</th><th>State</th><th class=\"n\">Length</th>\
         <th class=\"n\">Taken</th><th class=\"n\" title=\"seconds taken for each second of audio\">\
         Real-time factor</th><th>Device</th><th class=\"n\" title=\"mixture less all stems\">Residual</th>\
         <th>Files</th></tr></thead><tbody>\n",
    );
    let mut files: Vec<&FileReport> = report.files.iter().collect();
    files.sort_by_key(|file| file.state != RowState::Failed);
    for file in files {
        row(&mut page, file);
    }
    page.push_str("</tbody></table>\n</html>\n");
    page
}

fn headline(songs: usize, good: usize, failed: usize) -> String {
    match (songs, failed) {
        (0, _) => "Nothing was done".into(),
        (_, 0) if good == songs => format!("All {songs} songs are done"),
        (_, 0) => format!("{good} of {songs} songs are done"),
        (_, 1) => format!("{good} of {songs} songs are done, one failed"),
        _ => format!("{good} of {songs} songs are done, {failed} failed"),
    }
}

fn row(page: &mut String, file: &FileReport) {
    let class = match file.state {
        RowState::Done | RowState::AlreadyDone => "good",
        RowState::Failed => "bad",
        _ => "quiet",
    };
    let figures = file.state.is_good();
    let number = |text: String| if figures { text } else { String::new() };
    let residual: Vec<String> = file
        .residual_db
        .iter()
        .map(|db| format!("{db:.1} dB"))
        .collect();
    page.push_str(&format!(
        "<tr><td class=\"path\">{}{}</td><td class=\"s {class}\">{}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"path\">{}</td></tr>\n",
        escaped(&file.input.to_string_lossy()),
        remarks(file),
        file.state.label(),
        number(clock(file.seconds)),
        number(clock(file.seconds_taken)),
        number(format!("{:.3}", file.real_time_factor)),
        escaped(&file.devices.join(", ")),
        residual.join("<br>"),
        outputs(file)
    ));
}

fn remarks(file: &FileReport) -> String {
    let mut text = String::new();
    if let Some(error) = &file.error {
        text.push_str(&format!("<br><small>{}</small>", escaped(error)));
    }
    for warning in &file.warnings {
        text.push_str(&format!("<br><small>{}</small>", escaped(warning)));
    }
    text
}

fn outputs(file: &FileReport) -> String {
    let lines: Vec<String> = file
        .outputs
        .iter()
        .map(|output| {
            let peak_db = 20.0 * output.peak.max(1e-9).log10();
            format!(
                "{} <small>peak {peak_db:+.1} dB, {} frames</small>",
                escaped(&output.path.to_string_lossy()),
                output.frames
            )
        })
        .chain(
            file.pictures
                .iter()
                .map(|path| escaped(&path.to_string_lossy())),
        )
        .collect();
    lines.join("<br>")
}

/// Minutes and seconds; hours where there are some.
fn clock(secs: f64) -> String {
    let whole = secs.max(0.0).round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) if secs < 10.0 => format!("{secs:.1} s"),
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

/// Text as HTML shows it: names of songs hold anything.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}
