//! Blind rating: what is hidden, what the scores come to, and how tests are stored.

use stemloom::Error;
use stemloom::listen::{
    AbxTest, Choice, Estimate, ListeningResult, Ranking, fresh_seed, scale_words,
};

use crate::cli::files_in;
use crate::common::{failure, setting_name};

fn ranking(rounds: u32, seed: u64) -> Ranking {
    let takes = ["one", "two", "three"].map(str::to_owned).to_vec();
    Ranking::new(takes, "the song", rounds, seed).expect("good numbers")
}

/// Rates every item of the current round with its own score, wherever its slider stands.
fn rate_items(ranking: &mut Ranking, scores: [f32; 4]) {
    let order = ranking.order(ranking.current().expect("not over"));
    for (slider, item) in order.into_iter().enumerate() {
        ranking.rate(slider, scores[item]).expect("a good score");
    }
    ranking.finish_round().expect("all are rated");
}

#[test]
fn sliders_are_shuffled_anew_each_round() {
    let mut first_sliders = [0; 4];
    let mut distinct = std::collections::BTreeSet::new();
    for seed in 0..100 {
        for round in 1..=4 {
            let order = ranking(4, seed).order(round);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
            assert_eq!(order, ranking(7, seed).order(round));
            first_sliders[order[0]] += 1;
            distinct.insert(order);
        }
    }
    // 100 of 400 each, give or take five standard deviations; all 24 orders occur.
    assert!(
        first_sliders.iter().all(|n| (57..=143).contains(n)),
        "{first_sliders:?}"
    );
    assert_eq!(distinct.len(), 24);
}

/// By hand: 70, 80, 90 have mean 80, s = 10, t = 4.303: ± 4.303 · 10 / √3.
#[test]
fn results_belong_to_the_takes() {
    let mut ranking = ranking(3, 21);
    assert!(ranking.results().is_empty());
    assert_eq!(ranking.reference_found(), None);
    assert_eq!(ranking.summary(), "no round is finished");
    for (one, reference) in [(70.0, 100.0), (80.0, 90.0), (90.0, 89.0)] {
        rate_items(&mut ranking, [one, 20.0, 30.0, reference]);
    }
    let results = ranking.results();
    let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "three", "the song"]);
    let references: Vec<bool> = results.iter().map(|result| result.is_reference).collect();
    assert_eq!(references, [false, false, false, true]);
    let means: Vec<f64> = results.iter().map(|result| result.score.mean).collect();
    assert_eq!(means, [80.0, 20.0, 30.0, 93.0]);
    let half = results[0].score.half_width.unwrap();
    assert!((half - 4.303 * 10.0 / 3.0_f64.sqrt()).abs() < 1e-9);
    assert_eq!(results[1].score.half_width, Some(0.0));
    assert_eq!(results[0].score.count, 3);
    assert_eq!(ranking.reference_found(), Some(2.0 / 3.0));
    assert_eq!(
        ranking.summary(),
        "best of 3 after 3 rounds: one, 80 ± 25 (excellent)"
    );
    assert!(ranking.is_over() && ranking.current().is_none());
}

#[test]
fn one_rating_has_a_mean_and_no_interval() {
    let one = Estimate::of(&[42.0]).unwrap();
    assert_eq!((one.mean, one.half_width, one.count), (42.0, None, 1));
    assert_eq!(Estimate::of(&[]), None);
}

/// Student's t where the table ends and beyond it, from the same source as the table.
#[test]
fn intervals_of_many_ratings() {
    for (count, t) in [
        (2, 12.706),
        (31, 2.042),
        (41, 2.021),
        (61, 2.000),
        (121, 1.980),
    ] {
        let values: Vec<f64> = (0..count).map(f64::from).collect();
        let n = f64::from(count);
        // The variance of 0 to n − 1 is n(n + 1)/12.
        let error = (n * (n + 1.0) / 12.0 / n).sqrt();
        let half = Estimate::of(&values).unwrap().half_width.unwrap();
        assert!((half / error - t).abs() < 6e-4, "{count}: {}", half / error);
    }
}

#[test]
fn ratings_that_cannot_be_are_refused() {
    let takes = |count: usize| vec!["take".to_owned(); count];
    for count in [0, 1, 25] {
        let error = failure(Ranking::new(takes(count), "song", 1, 1));
        assert_eq!(setting_name(error), "takes");
    }
    for rounds in [0, 101] {
        let error = failure(Ranking::new(takes(2), "song", rounds, 1));
        assert_eq!(setting_name(error), "rounds");
    }
    let mut ranking = ranking(1, 1);
    for score in [-0.1, 100.1, f32::NAN] {
        assert_eq!(setting_name(failure(ranking.rate(0, score))), "score");
    }
    assert_eq!(setting_name(failure(ranking.rate(4, 50.0))), "slider");
    ranking.rate(0, 50.0).unwrap();
    ranking.rate(1, 0.0).unwrap();
    ranking.rate(3, 100.0).unwrap();
    let error = failure(ranking.finish_round());
    assert!(error.to_string().contains("slider 3"), "{error}");
    assert!(ranking.rounds.is_empty());
    assert_eq!(ranking.ratings[0], Some(50.0));
    ranking.rate(2, 10.0).unwrap();
    ranking.finish_round().unwrap();
    assert_eq!(setting_name(failure(ranking.rate(0, 1.0))), "round");
    assert_eq!(setting_name(failure(ranking.finish_round())), "round");
}

#[test]
fn scores_have_words() {
    for (score, word) in [
        (0.0, "bad"),
        (19.9, "bad"),
        (20.0, "poor"),
        (40.0, "fair"),
        (60.0, "good"),
        (79.9, "good"),
        (80.0, "excellent"),
        (100.0, "excellent"),
    ] {
        assert_eq!(scale_words(score), word, "{score}");
    }
}

// ---------------------------------------------------------------------------------------------
// What is stored

#[test]
fn results_are_kept_as_they_are() {
    let mut abx = AbxTest::new("mine", "theirs", 3, fresh_seed()).unwrap();
    abx.answer(Choice::B, 3.25, 7).unwrap();
    abx.note = "headphones".into();
    let mut rated = ranking(2, 3);
    rate_items(&mut rated, [10.0, 50.5, 99.0, 100.0]);
    rated.rate(1, 33.0).unwrap();
    let results = vec![ListeningResult::Abx(abx), ListeningResult::Ranking(rated)];
    let stored = serde_json::to_string(&results).unwrap();
    let opened: Vec<ListeningResult> = serde_json::from_str(&stored).unwrap();
    assert_eq!(opened, results);
    assert!(opened[1].summary().contains("three, 99"));
}

#[test]
fn a_table_is_written_whole_and_not_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ranking.csv");
    let mut rated = ranking(1, 3);
    rate_items(&mut rated, [10.0, 50.5, 99.0, 100.0]);
    let order = rated.order(1);
    let result = ListeningResult::Ranking(rated);
    result.write_csv(&path, false).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, result.to_csv());
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        lines[0],
        "\u{FEFF}round,slider,take,is_reference,score,seed"
    );
    let rows = [
        "one,0,10,3",
        "two,0,50.5,3",
        "three,0,99,3",
        "the song,1,100,3",
    ];
    for (slider, item) in order.into_iter().enumerate() {
        assert_eq!(
            lines[slider + 1],
            format!("1,{},{}", slider + 1, rows[item])
        );
    }

    std::fs::write(&path, "theirs").unwrap();
    let error = failure(result.write_csv(&path, false));
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
    result.write_csv(&path, true).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    let nowhere = folder.path().join("no folder").join("ranking.csv");
    assert!(matches!(
        failure(result.write_csv(&nowhere, false)),
        Error::Io { .. }
    ));
    assert_eq!(files_in(folder.path()), ["ranking.csv"]);
}
