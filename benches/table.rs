//! Times, goals, and the table that they end in.

use std::time::Instant;

/// Runs of one piece of work at most.
const MOST_RUNS: usize = 5;
/// Seconds of running after which no further run starts.
const BUDGET_SECS: f64 = 20.0;
const HEADER: [&str; 6] = ["work", "ours", "peer", "ratio", "goal", "met?"];
const NOTHING: &str = "–";

/// Seconds of the fastest of a few runs.
pub fn fastest_secs(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let (mut fastest, mut spent) = (f64::INFINITY, 0.0);
    for _ in 0..MOST_RUNS {
        let start = Instant::now();
        work()?;
        let secs = start.elapsed().as_secs_f64();
        fastest = secs.min(fastest);
        spent += secs;
        if spent > BUDGET_SECS {
            break;
        }
    }
    Ok(fastest)
}

/// What a peer's side came to.
#[derive(Clone)]
pub enum PeerTime {
    /// Seconds.
    Secs(f64),
    /// It was not asked for; why.
    Absent(String),
    /// It should have run and did not; why.
    Failed(String),
}

/// What is promised against a peer.
#[derive(Clone, Copy)]
pub enum Goal {
    /// Peer ÷ ours at least this.
    FasterBy(f64),
    /// Ours ÷ peer at most this.
    SlowerByAtMost(f64),
}

/// One line of the table.
pub struct Row {
    /// Texts in the order of the header, without the last column.
    cells: [String; 5],
    met: Option<bool>,
    /// Why a side of it did not run, if so.
    pub failure: Option<String>,
}

impl Row {
    /// Our seconds against those of the peer of this name.
    pub fn against(work: &str, ours_secs: f64, (name, peer): (&str, PeerTime), goal: Goal) -> Self {
        let promise = match goal {
            Goal::FasterBy(least) => format!("peer/ours ≥ {least}×"),
            Goal::SlowerByAtMost(most) => format!("ours/peer ≤ {most}×"),
        };
        let (peer, ratio, met, failure) = match peer {
            PeerTime::Secs(secs) => {
                let (ratio, met) = match goal {
                    Goal::FasterBy(least) => (secs / ours_secs, secs / ours_secs >= least),
                    Goal::SlowerByAtMost(most) => (ours_secs / secs, ours_secs / secs <= most),
                };
                (
                    format!("{} ({name})", secs_text(secs)),
                    ratio_text(ratio),
                    Some(met),
                    None,
                )
            }
            PeerTime::Absent(reason) => (reason, NOTHING.into(), None, None),
            PeerTime::Failed(reason) => (
                format!("{name} did not run"),
                NOTHING.into(),
                None,
                Some(reason),
            ),
        };
        Self {
            cells: [work.into(), secs_text(ours_secs), peer, ratio, promise],
            met,
            failure,
        }
    }

    /// Our bytes against those of a smaller piece of work, at most `most` times as many.
    pub fn memory(work: &str, bytes: u64, (name, smaller): (&str, u64), most: f64) -> Self {
        let ratio = bytes as f64 / smaller as f64;
        let peer = format!("{} ({name})", megabytes_text(smaller));
        let goal = format!("ours/peer ≤ {most}×");
        Self {
            cells: [
                work.into(),
                megabytes_text(bytes),
                peer,
                ratio_text(ratio),
                goal,
            ],
            met: Some(ratio <= most),
            failure: None,
        }
    }

    /// Our seconds against a number, or against nothing at all.
    pub fn budget(work: &str, ours_secs: f64, most_secs: Option<f64>) -> Self {
        let goal =
            most_secs.map_or_else(|| "to know".into(), |most| format!("≤ {}", secs_text(most)));
        Self {
            cells: [
                work.into(),
                secs_text(ours_secs),
                NOTHING.into(),
                NOTHING.into(),
                goal,
            ],
            met: most_secs.map(|most| ours_secs <= most),
            failure: None,
        }
    }

    /// A figure of quality where less is better, against that of a peer, at most `slack` more.
    /// Without a peer's figure ours is only told.
    pub fn quality(
        work: &str,
        ours: f64,
        (name, peer): (&str, Option<f64>),
        slack: f64,
        text: fn(f64) -> String,
    ) -> Self {
        let peer_text =
            peer.map_or_else(|| NOTHING.into(), |peer| format!("{} ({name})", text(peer)));
        Self {
            cells: [
                work.into(),
                text(ours),
                peer_text,
                NOTHING.into(),
                format!("≤ peer + {slack}"),
            ],
            met: peer.map(|peer| ours <= peer + slack),
            failure: None,
        }
    }

    /// Seconds and quality in dB of two of our own ways, side by side.
    pub fn beside(work: &str, ours: (f64, f64), (name, other): (&str, (f64, f64))) -> Self {
        let text = |(secs, db): (f64, f64)| format!("{}, {}", secs_text(secs), db_text(db));
        Self {
            cells: [
                work.into(),
                text(ours),
                format!("{} ({name})", text(other)),
                ratio_text(other.0 / ours.0),
                "to know".into(),
            ],
            met: None,
            failure: None,
        }
    }

    /// Something that cannot be measured here; why.
    pub fn skipped(work: &str, reason: &str) -> Self {
        Self {
            cells: [
                work.into(),
                reason.into(),
                NOTHING.into(),
                NOTHING.into(),
                NOTHING.into(),
            ],
            met: None,
            failure: None,
        }
    }

    fn texts(&self) -> [&str; 6] {
        let [work, ours, peer, ratio, goal] = &self.cells;
        let met = match self.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => NOTHING,
        };
        [work, ours, peer, ratio, goal, met]
    }
}

fn secs_text(secs: f64) -> String {
    if secs >= 1.0 {
        format!("{secs:.2} s")
    } else if secs >= 0.1 {
        format!("{:.0} ms", secs * 1e3)
    } else {
        format!("{:.2} ms", secs * 1e3)
    }
}

/// Decibels, one figure behind the point.
pub fn db_text(db: f64) -> String {
    format!("{db:.1} dB")
}

fn megabytes_text(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Two figures behind the point where the goal is near one.
fn ratio_text(ratio: f64) -> String {
    if ratio < 2.0 {
        format!("{ratio:.2}×")
    } else {
        format!("{ratio:.1}×")
    }
}

/// Prints the rows under their header, columns aligned.
pub fn print(rows: &[Row]) {
    let lines: Vec<[&str; 6]> = std::iter::once(HEADER)
        .chain(rows.iter().map(Row::texts))
        .collect();
    let widths: [usize; 6] = std::array::from_fn(|column| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    for (i, line) in lines.iter().enumerate() {
        let padded: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(text, width)| format!("{text:<width$}"))
            .collect();
        println!("{}", padded.join("  ").trim_end());
        if i == 0 {
            println!("{}", widths.map(|width| "─".repeat(width)).join("  "));
        }
    }
}
