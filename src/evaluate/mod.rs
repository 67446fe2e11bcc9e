//! How close a result is to the truth: scores of separated sources, whole signals and pictures.
//!
//! ```text
//! references ─┬─► correlations ─► filters of 512 taps ─┐
//! estimates ──┘                                        ▼
//!      └────────────────────► windows of 1 s ─► SDR ISR SIR SAR ─► median
//! ```
//!
//! [`bss_eval`] is BSS Eval version 4 as museval computes it, and version 3 as mir_eval does.
//! The other measures are one number for a whole signal.
//!
//! Whole folders of songs, by many methods:
//!
//! ```text
//! true stems ─► TrackSet ─► OpenSong ───────────────────────────┐
//! files, separators, oracles, mixture ─► Method ─► Estimates ─► measure_song ─► TrackScores
//! TrackScores, museval's files ─► summarise_songs, compare ─► tables
//! ```

mod aggregate;
mod bootstrap;
mod box_values;
mod bss;
mod bss_filters;
mod bss_spec;
mod cholesky;
mod correlations;
mod estimates;
mod frames;
mod measure_song;
mod measures;
mod method;
mod museval_json;
mod open_song;
mod oracle;
mod pictures;
mod read_tracks;
mod report;
mod score_store;
mod scores;
mod signals;
mod silence;
mod sounds;
mod stem_names;
mod summary;
mod tracks;
mod wiener;

pub use aggregate::{Comparison, Over, SongsSummary, compare, summarise_songs};
pub use bootstrap::{BOOTSTRAP_DRAWS, Interval, median_interval};
pub use box_values::{BoxValues, box_values};
pub use bss::bss_eval;
pub use bss_spec::{BssKind, BssSpec, FrameScores, MOST_UNKNOWNS};
pub use estimates::{EstimateFiles, FoundEstimates, find_estimates};
pub use measure_song::{EvaluateSpec, Measured, measure_song};
pub use measures::{sdr_msst_db, sdr_whole_db, si_sdr_db, snr_db};
pub use method::{Estimates, Method, MethodSource};
pub use museval_json::{museval_json, read_museval, read_museval_folder, write_museval};
pub use open_song::OpenSong;
pub use oracle::{OracleKind, oracle};
pub use pictures::{log_spectral_distance_db, picture_l1};
pub use report::{comparison_text, csv_header, csv_rows, table_text};
pub use score_store::{ScoreStore, fingerprint};
pub use scores::{Measure, MeasureScores, Metric, StemScores, TrackScores};
pub use silence::silent_sources;
pub use sounds::Sound;
pub use stem_names::{Renames, stems_of};
pub use summary::{Summary, summarise};
pub use tracks::{TrackSet, TrackSpec};
