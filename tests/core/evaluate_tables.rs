//! From frames to tables: averages, comparisons, intervals and boxes by hand.

use stemloom::apply::Region;
use stemloom::display::{BoxGroup, box_figures, draw_boxes};
use stemloom::evaluate::{
    Measure, MeasureScores, Over, StemScores, TrackScores, compare, comparison_text, csv_header,
    csv_rows, median_interval, summarise_songs, table_text,
};

use crate::common::{Rng, failure, setting_name};

const NAN: f64 = f64::NAN;

fn track(song: &str, method: &str, stems: &[(&str, &[f64])]) -> TrackScores {
    let stem = |(stem, values): &(&str, &[f64])| StemScores {
        stem: (*stem).into(),
        measures: vec![MeasureScores {
            measure: Measure::Sdr,
            values: values.to_vec(),
        }],
    };
    TrackScores {
        song: song.into(),
        split: "test".into(),
        method: method.into(),
        win_secs: 1.0,
        hop_secs: 1.0,
        stems: stems.iter().map(stem).collect(),
    }
}

#[test]
fn averages_are_those_made_by_hand() {
    let scores = [
        track("A", "m", &[("vocals", &[1.0, NAN, 3.0]), ("drums", &[5.0])]),
        track("B", "m", &[("vocals", &[4.0, 4.0, 9.0])]),
        track("C", "m", &[("vocals", &[NAN, NAN])]),
        track("D", "m", &[("vocals", &[12.0])]),
        track("A", "n", &[("vocals", &[0.5])]),
    ];
    let summaries = summarise_songs(&scores);
    let order: Vec<_> = summaries
        .iter()
        .map(|s| (s.stem.as_str(), s.method.as_str()))
        .collect();
    assert_eq!(order, [("drums", "m"), ("vocals", "m"), ("vocals", "n")]);
    let vocals = &summaries[1];
    // Medians of the songs: 2, 4, none, 12.
    assert_eq!((vocals.median, vocals.mean), (4.0, 6.0));
    assert_eq!((vocals.songs, vocals.empty_songs), (3, 1));
    assert_eq!((vocals.frames, vocals.nan_frames), (9, 3));
    assert_eq!(vocals.values, [2.0, 4.0, 12.0]);
    let text = table_text(&summaries);
    assert!(
        text.contains("4.00 (6.00)") && text.contains("3 of 9 frames"),
        "{text}"
    );
    for words in ["vocals of n: 1 of 3 songs", "drums of m: 1 of 3 songs"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("vocals of m: 3 of 3"), "{text}");
    let rows = csv_rows(&scores, &summaries);
    assert_eq!(rows.len(), 6 + 3);
    assert!(rows.iter().all(|row| row.len() == csv_header().len()));
    assert_eq!(
        rows[0][..8],
        ["song", "A", "test", "m", "vocals", "SDR", "dB", "2.00000"]
    );
}

#[test]
fn differences_are_paired_song_by_song() {
    let of = |method: &str, offset: f64| {
        let songs = [1.0, 2.0, 10.0].into_iter().enumerate();
        let one = |(i, level): (usize, f64)| {
            let shift = offset * (i as f64 + 1.0);
            track(
                &format!("S{i}"),
                method,
                &[("vocals", &[level + shift, NAN])],
            )
        };
        songs.map(one).collect::<Vec<_>>()
    };
    let scores = [of("a", 1.0), of("b", 0.0)].concat();
    let found = compare(&scores, "a", "B", 7).unwrap();
    assert_eq!(found.len(), 1);
    // Differences 1, 2, 3, although the songs themselves are far apart.
    assert_eq!((found[0].pairs, found[0].over), (3, Over::Songs));
    assert!((found[0].median - 2.0).abs() < 1e-12 && (found[0].mean - 2.0).abs() < 1e-12);
    assert!((found[0].low - 1.0).abs() < 1e-12 && (found[0].high - 3.0).abs() < 1e-12);
    assert_eq!(compare(&scores, "a", "B", 7).unwrap(), found);

    let one = [
        track("A", "a", &[("vocals", &[1.0, NAN, 5.0])]),
        track("A", "b", &[("vocals", &[0.0, 1.0, 1.0])]),
    ];
    let found = compare(&one, "a", "b", 0).unwrap();
    assert_eq!((found[0].pairs, found[0].over), (2, Over::Frames));
    assert_eq!(found[0].median, 2.5);
    assert_eq!(setting_name(failure(compare(&one, "a", "c", 0))), "compare");
}

#[test]
fn few_pairs_say_nothing() {
    let pair = |song: usize| {
        let song = format!("S{song}");
        let of = |method, value| track(&song, method, &[("vocals", &[value])]);
        [of("a", 3.0), of("b", 1.0)]
    };
    let text_of = |songs: usize, measure: Measure| {
        let mut scores: Vec<TrackScores> = (0..songs).flat_map(pair).collect();
        for track in &mut scores {
            track.stems[0].measures[0].measure = measure;
        }
        comparison_text(&compare(&scores, "a", "b", 0).unwrap()[0])
    };
    let few = text_of(5, Measure::Sdr);
    assert!(
        few.contains("too few to say; mean +2.000; 5 songs"),
        "{few}"
    );
    assert!(text_of(6, Measure::Sdr).contains("above 0; mean"));
    // A single value of a song is a song, not a frame.
    let one = text_of(1, Measure::SiSdr);
    assert!(one.contains("; 1 song)"), "{one}");
    assert!(text_of(1, Measure::Sdr).contains("1 frames of one song"));
}

#[test]
fn only_whole_frames_of_the_stretch_are_kept() {
    let cut = |start_secs, duration_secs| {
        let mut track = track("A", "m", &[("vocals", &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])]);
        track.hop_secs = 0.1;
        track.win_secs = 0.2;
        track.stems[0].measures.push(MeasureScores {
            measure: Measure::Snr,
            values: vec![7.0],
        });
        track.cut(&Region {
            start_secs,
            duration_secs,
        });
        assert_eq!(track.stems[0].values(Measure::Snr), [7.0]);
        track.stems[0].values(Measure::Sdr).to_vec()
    };
    // 3 · 0.1 is a little more than 0.3, and 0.1 + 0.2 is not 0.3.
    assert_eq!(cut(0.1, Some(0.4)), [1.0, 2.0, 3.0]);
    assert_eq!(cut(0.3, None), [3.0, 4.0, 5.0]);
    assert_eq!(cut(0.05, Some(0.3)), [1.0]);
    assert!(cut(0.0, Some(0.1)).is_empty());
}

#[test]
fn the_interval_is_seeded_and_covers() {
    assert_eq!(median_interval(&[], 100, 0), None);
    let single = median_interval(&[3.0], 100, 0).unwrap();
    assert_eq!((single.low, single.high), (3.0, 3.0));
    let two = median_interval(&[0.0, 1.0], 1000, 1).unwrap();
    assert_eq!((two.low, two.high), (0.0, 1.0));

    let mut rng = Rng::new(5);
    let mut covered = 0;
    for round in 0..200 {
        // Symmetric about 0.25, the true median.
        let values: Vec<f64> = (0..31).map(|_| f64::from(rng.sample()) + 0.25).collect();
        let interval = median_interval(&values, 400, round).unwrap();
        assert_eq!(median_interval(&values, 400, round), Some(interval));
        assert!(interval.low <= interval.high);
        covered += usize::from((interval.low..=interval.high).contains(&0.25));
    }
    // 95 % wanted; the bootstrap of a median is a little too narrow at times.
    assert!((176..=200).contains(&covered), "{covered} of 200");
}

#[test]
fn boxes_are_those_of_tukey() {
    // Quartiles 2 and 4, so that whiskers reach from −1 to 7.
    let figures = box_figures(&[1.0, 2.0, 3.0, 4.0, 100.0, NAN, f64::INFINITY]).unwrap();
    let quartiles = (
        figures.lower_quartile,
        figures.median,
        figures.upper_quartile,
    );
    assert_eq!(quartiles, (2.0, 3.0, 4.0));
    assert_eq!((figures.low, figures.high), (1.0, 4.0));
    assert_eq!(figures.outliers, [100.0]);
    assert_eq!(box_figures(&[NAN]), None);
    // As numpy.percentile([1, 2], [25, 75]).
    let two = box_figures(&[2.0, 1.0]).unwrap();
    assert_eq!((two.lower_quartile, two.upper_quartile), (1.25, 1.75));

    let names = ["a".to_owned(), "b".to_owned()];
    let group = |title: &str, series: Vec<Vec<f64>>| BoxGroup {
        title: title.into(),
        series,
    };
    let full = [
        group("drums", vec![vec![1.0, 2.0, 9.0], vec![-3.0]]),
        group("vocals", vec![Vec::new(), vec![NAN]]),
    ];
    let drawn = draw_boxes("SDR in dB", &names, &full);
    let empty = draw_boxes("SDR in dB", &names, &[]);
    assert_eq!(drawn.pixels.len(), drawn.width * drawn.height);
    assert_eq!(drawn.height, empty.height);
    let colours = |series: usize| {
        drawn
            .pixels
            .iter()
            .filter(|p| **p == [[0, 114, 178], [230, 159, 0]][series])
            .count()
    };
    // The box of three values fills an area; that of one value is a line, beside the legend.
    assert!(colours(0) > 1000, "{}", colours(0));
    assert!(colours(1) < 500, "{}", colours(1));
}
