//! The ABX test: what a score proves, what is hidden, what is counted.

use stemloom::listen::{AbxTest, Choice, binomial_p_value, fresh_seed, p_value_text};

use crate::common::{failure, setting_name};

fn p(correct: u32, trials: u32) -> f64 {
    binomial_p_value(correct, trials).expect("good numbers")
}

// ---------------------------------------------------------------------------------------------
// The binomial test

#[test]
fn p_values_by_hand() {
    assert_eq!(p(12, 16), 2_517.0 / 65_536.0);
    assert_eq!(p(12, 16), 0.038_406_372_070_312_5);
    assert_eq!(p(9, 10), 11.0 / 1_024.0);
    for trials in [1, 2, 16, 100, 1_000] {
        assert_eq!(p(0, trials), 1.0);
        assert_eq!(p(trials, trials), 0.5_f64.powi(trials as i32));
    }
    // ½ + C(1000, 500)/2¹⁰⁰¹
    assert!((p(500, 1_000) - 0.512_612_509).abs() < 1e-8);
}

/// Every way to answer up to 20 trials, counted.
#[test]
fn p_values_are_counts_of_all_ways() {
    for trials in 1..=20_u32 {
        let mut ways = vec![0_u32; trials as usize + 1];
        for answers in 0..1_u32 << trials {
            ways[answers.count_ones() as usize] += 1;
        }
        for correct in 0..=trials {
            let as_good: u32 = ways[correct as usize..].iter().sum();
            let want = f64::from(as_good) / f64::from(1_u32 << trials);
            assert_eq!(p(correct, trials), want, "{correct} of {trials}");
        }
    }
}

#[test]
fn more_right_answers_prove_more() {
    for trials in [7, 16, 333, 1_000] {
        let all: Vec<f64> = (0..=trials).map(|correct| p(correct, trials)).collect();
        assert!(all.windows(2).all(|pair| pair[0] >= pair[1]), "{trials}");
        assert!(all.iter().all(|p| *p > 0.0 && *p <= 1.0));
    }
}

#[test]
fn impossible_scores_are_refused() {
    for (correct, trials, name) in [
        (0, 0, "trials"),
        (0, 1_001, "trials"),
        (17, 16, "correct"),
        (u32::MAX, 1, "correct"),
    ] {
        assert_eq!(
            setting_name(failure(binomial_p_value(correct, trials))),
            name
        );
    }
}

#[test]
fn p_values_are_readable() {
    assert_eq!(p_value_text(0.0384), "p = 0.038");
    assert_eq!(p_value_text(1.0), "p = 1.000");
    assert_eq!(p_value_text(0.000_9), "p < 0.001");
}

// ---------------------------------------------------------------------------------------------
// ABX

fn new_test(trials: u32, seed: u64) -> AbxTest {
    AbxTest::new("mine", "theirs", trials, seed).expect("good numbers")
}

fn other(choice: Choice) -> Choice {
    match choice {
        Choice::A => Choice::B,
        Choice::B => Choice::A,
    }
}

/// What X was in each trial.
fn hidden(trials: u32, seed: u64) -> Vec<Choice> {
    let mut test = new_test(trials, seed);
    while !test.is_over() {
        test.answer(Choice::A, 1.0, 0).expect("not over");
    }
    test.trials.iter().map(|trial| trial.x).collect()
}

#[test]
fn x_is_hidden_by_the_seed_alone() {
    for seed in [0, 1, 2, u64::MAX] {
        assert_eq!(hidden(64, seed), hidden(64, seed));
        assert_ne!(hidden(64, seed), hidden(64, seed ^ 1_000));
        // How many trials follow changes nothing.
        assert_eq!(hidden(64, seed)[..10], hidden(10, seed));
    }
}

#[test]
fn x_is_either_take_equally_often() {
    let tests: Vec<Vec<Choice>> = (0..400).map(|seed| hidden(16, seed)).collect();
    let count = |trial: usize| tests.iter().filter(|xs| xs[trial] == Choice::A).count();
    // 200 of 400 in each place, give or take five standard deviations (10 each).
    for trial in 0..16 {
        assert!(
            (150..=250).contains(&count(trial)),
            "{}: {}",
            trial + 1,
            count(trial)
        );
    }
    // Nor does the last X tell the next: they are the same half of the time (3000 ± 5 · 39).
    let repeats = tests
        .iter()
        .flat_map(|xs| xs.windows(2))
        .filter(|pair| pair[0] == pair[1])
        .count();
    assert!((2_805..=3_195).contains(&repeats), "{repeats}");
}

#[test]
fn x_stays_the_same_within_a_trial() {
    let mut test = new_test(20, 77);
    while let Some(number) = test.current() {
        let x = test.x();
        assert!(x.is_some());
        for _ in 0..5 {
            assert_eq!((test.x(), test.current()), (x, Some(number)));
        }
        // Nor after the session was closed and opened again.
        let stored = serde_json::to_string(&test).unwrap();
        let opened: AbxTest = serde_json::from_str(&stored).unwrap();
        assert_eq!((opened.x(), &opened), (x, &test));
        test.answer(Choice::B, 0.5, 3).unwrap();
        assert_eq!(test.trials.last().map(|trial| trial.x), x);
    }
    assert_eq!((test.x(), test.answered()), (None, 20));
}

#[test]
fn answers_are_counted_rightly() {
    let mut test = new_test(16, 5);
    assert_eq!((test.correct(), test.p_value()), (0, 1.0));
    for trial in 0..16 {
        let x = test.x().unwrap();
        let right = trial % 4 != 0;
        test.answer(if right { x } else { other(x) }, 2.0, 1)
            .unwrap();
        assert_eq!(test.trials[trial].is_correct(), right);
        assert_eq!(test.trials[trial].number as usize, trial + 1);
    }
    assert!(test.is_over());
    assert_eq!((test.correct(), test.current()), (12, None));
    assert_eq!(test.p_value(), p(12, 16));
    assert_eq!(test.summary(), "12 of 16 right, p = 0.038");
}

#[test]
fn tests_that_cannot_be_are_refused() {
    for trials in [0, 1_001] {
        assert_eq!(
            setting_name(failure(AbxTest::new("a", "b", trials, 1))),
            "trials"
        );
    }
    let mut test = new_test(1, 1);
    for secs in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            setting_name(failure(test.answer(Choice::A, secs, 0))),
            "answer time"
        );
    }
    assert!(test.trials.is_empty());
    test.answer(Choice::A, 0.0, 0).unwrap();
    assert_eq!(
        setting_name(failure(test.answer(Choice::A, 0.0, 0))),
        "answer"
    );
    assert_eq!(test.answered(), 1);
}

#[test]
fn fresh_seeds_differ_and_fit_every_file() {
    let seeds: Vec<u64> = (0..100).map(|_| fresh_seed()).collect();
    let distinct: std::collections::BTreeSet<&u64> = seeds.iter().collect();
    assert_eq!(distinct.len(), 100);
    assert!(seeds.iter().all(|seed| *seed < 1 << 53));
}

#[test]
fn the_table_holds_every_answer() {
    let mut test = AbxTest::new("=SUM(1,2)", "the \"wet\" one; loud", 2, 9).unwrap();
    let xs = hidden(2, 9);
    test.answer(xs[0], 1.5, 4).unwrap();
    test.answer(other(xs[1]), 12.3456, 0).unwrap();
    let (x0, x1) = (xs[0].label(), xs[1].label());
    let names = "\"'=SUM(1,2)\",\"the \"\"wet\"\" one; loud\"";
    let want = format!(
        "\u{FEFF}trial,a,b,x,answer,correct,seconds,switches,seed\r\n\
         1,{names},{x0},{x0},1,1.500,4,9\r\n\
         2,{names},{x1},{},0,12.346,0,9\r\n",
        other(xs[1]).label()
    );
    assert_eq!(test.to_csv(), want);
}
