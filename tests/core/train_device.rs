//! Where networks can learn, on whatever machine the tests run.

use stemloom::error::Error;
use stemloom::train::{TrainDevice, choose, list};

#[test]
fn the_processor_is_always_there_and_auto_is_never_software() {
    let all = list();
    assert_eq!(all[0].wish, TrainDevice::Cpu);
    assert!(!all[0].is_software);
    let auto = choose(TrainDevice::Auto).unwrap();
    assert!(!auto.is_software, "auto chose {}", auto.name);
    let cards = all
        .iter()
        .filter(|p| p.wish != TrainDevice::Cpu && !p.is_software)
        .count();
    let expected = if cards > 0 {
        TrainDevice::Gpu(0)
    } else {
        TrainDevice::Cpu
    };
    assert_eq!(auto.wish, expected);
}

#[test]
fn a_gradient_is_right_on_every_device() {
    use burn::tensor::{Device, Tensor};
    for processor in list() {
        let device: Device = processor.device().clone().autodiff();
        // d/dx Σ x³ = 3x², by hand.
        let x = Tensor::<1>::from_floats([1.0, -2.0, 0.5], &device).require_grad();
        let gradients = (x.clone() * x.clone() * x.clone()).sum().backward();
        let gradient = x.grad(&gradients).unwrap().into_data();
        let gradient: Vec<f32> = gradient.try_to_vec().unwrap();
        for (found, expected) in gradient.iter().zip([3.0, 12.0, 0.75]) {
            assert!(
                (found - expected).abs() < 1e-4,
                "{}: {gradient:?}",
                processor.name
            );
        }
    }
}

#[test]
fn what_is_asked_for_and_absent_is_an_error() {
    let error = choose(TrainDevice::Gpu(99)).unwrap_err();
    assert!(matches!(error, Error::Device { .. }), "{error}");
    assert!(error.to_string().contains("gpu:99"), "{error}");
    for (text, wish) in [
        ("auto", TrainDevice::Auto),
        ("cpu", TrainDevice::Cpu),
        ("gpu", TrainDevice::Gpu(0)),
        ("gpu:2", TrainDevice::Gpu(2)),
    ] {
        assert_eq!(text.parse::<TrainDevice>().unwrap(), wish);
    }
    for text in ["", "gpu:", "gpu:-1", "cuda"] {
        assert!(text.parse::<TrainDevice>().is_err(), "{text}");
    }
}
