//! NumPy's files: the bytes by hand, round trips, and what is refused.

use stemloom::Error;
use stemloom::dataset::{npy_shape, read_npy, write_npy};

use crate::cli::files_in;
use crate::common::{Rng, failure, setting_name};

#[test]
fn the_bytes_are_those_of_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[usize], &str); 3] = [
        (&[3], "(3,)"),
        (&[1, 3], "(1, 3)"),
        (&[1, 3, 1, 1], "(1, 3, 1, 1)"),
    ];
    for (shape, told) in cases {
        let path = folder.path().join("a.npy");
        write_npy(&path, shape, &[1.0, -2.0, 0.5], true).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let length = usize::from(bytes[8]) + 256 * usize::from(bytes[9]);
        assert_eq!((10 + length) % 64, 0);
        let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
        let want = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {told}, }}");
        assert_eq!(header.trim_end(), want);
        assert!(header.ends_with('\n') && header.trim_end_matches('\n').is_ascii());
        assert_eq!(header.matches('\n').count(), 1);
        let values: [u8; 12] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f];
        assert_eq!(bytes[10 + length..], values);
    }
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng::new(1);
    for case in 0..40 {
        let shape: Vec<usize> = (0..1 + rng.below(4)).map(|_| rng.below(6)).collect();
        let values = rng.noise(shape.iter().product());
        let path = folder.path().join(format!("deep/{case}.npy"));
        write_npy(&path, &shape, &values, false).unwrap();
        let array = read_npy(&path).unwrap();
        assert_eq!((&array.shape, &array.values), (&shape, &values));
        assert_eq!(npy_shape(&path).unwrap(), shape);
    }
    assert_eq!(files_in(&folder.path().join("deep")).len(), 40);
}

#[test]
fn what_is_there_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    write_npy(&path, &[1], &[1.0], false).unwrap();
    let error = failure(write_npy(&path, &[1], &[2.0], false));
    assert!(matches!(error, Error::Exists { .. }), "{error}");
    assert_eq!(read_npy(&path).unwrap().values, [1.0]);
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let cases: [&[usize]; 4] = [&[], &[1, 1, 1, 1, 1], &[2], &[usize::MAX, 2]];
    for shape in cases {
        let error = failure(write_npy(&path, shape, &[1.0], false));
        assert_eq!(setting_name(error), "shape");
    }
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn damage_is_named_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.npy");
    write_npy(&path, &[2, 3], &[0.0; 6], false).unwrap();
    let good = std::fs::read(&path).unwrap();
    let with = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let text: Vec<u8> = good.clone();
        let at = text.windows(from.len()).position(|w| w == from.as_bytes());
        let at = at.expect("it is in the header");
        let mut bytes = good.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    let mut version = good.clone();
    version[6] = 2;
    let cases = [
        (Vec::new(), "too short"),
        (b"RIFF0000WAVE".to_vec(), "does not begin so"),
        (version, "version 2.0"),
        (good[..40].to_vec(), "ends in its header"),
        (good[..good.len() - 1].to_vec(), "has 151 bytes"),
        ([&good[..], &[0]].concat(), "has 153 bytes"),
        (with("<f4", "<f8"), "type '<f8'"),
        (with("<f4", ">f4"), "type '>f4'"),
        (with("False,", "True ,"), "Fortran"),
        (with("(2, 3)", "(2, x)"), "not 1 to 4 whole numbers"),
        (with("(2, 3)", "(,   )"), "not 1 to 4 whole numbers"),
        (with("'shape'", "'shabe'"), "no shape"),
    ];
    for (bytes, said) in cases {
        std::fs::write(&path, &bytes).unwrap();
        for error in [failure(read_npy(&path)), failure(npy_shape(&path))] {
            let text = error.to_string();
            assert!(matches!(error, Error::Malformed { .. }), "{text}");
            assert!(text.contains(said) && text.ends_with("bad.npy"), "{text}");
        }
    }
}
