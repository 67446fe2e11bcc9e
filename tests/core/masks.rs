//! Ideal masks, soft labels, class balance.
//!
//! Order: definition by hand → ties and silence → seeded sweep → bad input.

use stemloom::dataset::{
    ClassBalance, Polarity, RatioPower, SoftLabels, apply_mask, binary_mask, ratio_mask,
    ratio_masks,
};
use stemloom::spectral::Complex32;

use crate::common::{Rng, failure, setting_name};

#[test]
fn a_binary_mask_compares_and_says_for_whom_it_is_high() {
    // Louder, quieter, a tie, silence.
    let (target, rest) = ([3.0, 1.0, 2.0, 0.0], [1.0, 3.0, 2.0, 0.0]);
    let high_for_target = binary_mask(&target, &rest, Polarity::Target).unwrap();
    assert_eq!(high_for_target, [1.0, 0.0, 1.0, 1.0]);
    let high_for_rest = binary_mask(&target, &rest, Polarity::Rest).unwrap();
    assert_eq!(high_for_rest, [0.0, 1.0, 0.0, 0.0]);
}

#[test]
fn a_ratio_mask_is_the_share_of_the_magnitudes_or_of_their_squares() {
    let (target, rest) = ([3.0, 0.0, 2.0, 0.0], [1.0, 5.0, 2.0, 0.0]);
    let mask = |power, polarity| ratio_mask(&target, &rest, power, polarity).unwrap();
    assert_eq!(
        mask(RatioPower::Magnitude, Polarity::Target),
        [0.75, 0.0, 0.5, 0.5]
    );
    assert_eq!(
        mask(RatioPower::Energy, Polarity::Target),
        [0.9, 0.0, 0.5, 0.5]
    );
    assert_eq!(
        mask(RatioPower::Energy, Polarity::Rest),
        [0.1, 1.0, 0.5, 0.5]
    );
}

#[test]
fn in_silence_every_source_has_the_same_share() {
    let silence = [0.0; 3];
    let masks = ratio_masks(
        &[&silence, &silence, &silence, &silence],
        RatioPower::Energy,
    )
    .unwrap();
    assert_eq!(masks, vec![vec![0.25; 3]; 4]);
}

#[test]
fn soft_labels_are_exactly_what_was_asked() {
    let labels = SoftLabels::default().of(&[0.0, 1.0, 0.5]).unwrap();
    assert_eq!(labels, [0.02, 0.98, 0.5]);
    let balance = ClassBalance::of(&labels, 0.5);
    // A half is not above a half.
    assert_eq!((balance.high, balance.low), (1, 2));
    let both = balance.plus(ClassBalance { high: 5, low: 0 });
    assert_eq!(both.high_share(), Some(0.75));
    assert_eq!(ClassBalance::default().high_share(), None);
}

#[test]
fn a_mask_gives_either_part_of_the_mixture() {
    let mask = [1.0, 0.25];
    let mixture = [Complex32::new(2.0, -4.0), Complex32::new(8.0, 0.0)];
    let part = |polarity, wanted| apply_mask(&mixture, &mask, polarity, wanted).unwrap();
    let kept = [mixture[0], mixture[1] * 0.25];
    let other = [mixture[0] * 0.0, mixture[1] * 0.75];
    assert_eq!(part(Polarity::Target, Polarity::Target), kept);
    assert_eq!(part(Polarity::Rest, Polarity::Rest), kept);
    assert_eq!(part(Polarity::Target, Polarity::Rest), other);
    assert_eq!(part(Polarity::Rest, Polarity::Target), other);
}

#[test]
fn masks_of_all_sources_make_one_at_any_level() {
    let mut rng = Rng::new(7);
    for scale in [1e-38_f32, 1e-6, 1.0, 1e6, 3e38] {
        let sources: Vec<Vec<f32>> = (0..5)
            .map(|_| rng.noise(200).iter().map(|x| x.abs() * scale).collect())
            .collect();
        let sources: Vec<&[f32]> = sources.iter().map(Vec::as_slice).collect();
        for power in [RatioPower::Magnitude, RatioPower::Energy] {
            let masks = ratio_masks(&sources, power).unwrap();
            for i in 0..200 {
                let sum: f32 = masks.iter().map(|mask| mask[i]).sum();
                assert!((sum - 1.0).abs() < 1e-6, "{scale} {power:?}: {sum}");
                assert!(masks.iter().all(|mask| (0.0..=1.0).contains(&mask[i])));
            }
        }
    }
}

#[test]
fn what_is_no_magnitude_counts_as_silence_and_infinity_as_the_largest() {
    let target = [f32::NAN, -1.0, f32::INFINITY, f32::NAN];
    let rest = [1.0, 1.0, 1.0, f32::NAN];
    let binary = binary_mask(&target, &rest, Polarity::Target).unwrap();
    assert_eq!(binary, [0.0, 0.0, 1.0, 1.0]);
    let ratio = ratio_mask(&target, &rest, RatioPower::Magnitude, Polarity::Target).unwrap();
    assert_eq!(ratio, [0.0, 0.0, 1.0, 0.5]);
}

#[test]
fn lengths_and_labels_are_checked() {
    let polarity = Polarity::Target;
    let wrong = [
        binary_mask(&[1.0], &[1.0, 2.0], polarity),
        ratio_mask(&[1.0], &[], RatioPower::Energy, polarity),
        apply_mask(&[1.0], &[], polarity, polarity),
    ];
    for result in wrong {
        assert_eq!(setting_name(failure(result)), "mask");
    }
    let none = failure(ratio_masks(&[], RatioPower::Energy));
    assert_eq!(setting_name(none), "sources");
    for (low, high) in [(0.5, 0.5), (-0.1, 0.9), (0.1, 1.1), (0.0, f32::NAN)] {
        let error = failure(SoftLabels { low, high }.of(&[1.0]));
        assert_eq!(setting_name(error), "labels");
    }
}
