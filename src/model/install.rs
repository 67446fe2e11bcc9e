//! Puts ONNX Runtime into the data folder: `pip download` of the pinned wheel, then its library.
//!
//! The Python package index is where ONNX Runtime's makers publish their builds; nothing of Python
//! is needed afterwards.

use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::runtime::{library_file_name, runtime_dir};
use crate::error::{Error, Result};
use crate::progress::Reporter;

/// The version that is installed.
pub const ONNXRUNTIME_VERSION: &str = "1.31.1";

/// What to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InstallOptions {
    /// The build with NVIDIA's provider, and the CUDA and cuDNN libraries it needs.
    pub cuda: bool,
}

/// Installs and answers the library's path.
///
/// # Errors
/// [`Error::RuntimeMissing`] with pip's last words; [`Error::Io`]; [`Error::Cancelled`].
pub fn install_runtime(options: InstallOptions, reporter: &Reporter) -> Result<PathBuf> {
    let target = runtime_dir();
    std::fs::create_dir_all(&target).map_err(Error::io("create", &target))?;
    let wheels = tempfile::tempdir_in(&target).map_err(Error::io("create a folder in", &target))?;
    let mut packages = vec![if options.cuda {
        format!("onnxruntime-gpu=={ONNXRUNTIME_VERSION}")
    } else {
        format!("onnxruntime=={ONNXRUNTIME_VERSION}")
    }];
    if options.cuda {
        packages.extend(CUDA_PACKAGES.map(String::from));
    }
    let steps = packages.len() as u64 * 2;
    for (i, package) in packages.iter().enumerate() {
        reporter.step("Downloading ONNX Runtime", i as u64, steps)?;
        pip_download(package, wheels.path(), reporter)?;
    }
    let files: Vec<PathBuf> = std::fs::read_dir(wheels.path())
        .map_err(Error::io("read", wheels.path()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "whl"))
        .collect();
    for (i, wheel) in files.iter().enumerate() {
        reporter.step("Unpacking ONNX Runtime", (packages.len() + i) as u64, steps)?;
        unpack(wheel, &target)?;
    }
    reporter.step("Unpacking ONNX Runtime", steps, steps)?;
    let library = target.join(library_file_name());
    if library.is_file() {
        Ok(library)
    } else {
        Err(Error::RuntimeMissing {
            problem: "the downloaded package holds no library".into(),
        })
    }
}

/// What the CUDA build loads at run time, as NVIDIA publishes it for CUDA 13.
const CUDA_PACKAGES: [&str; 7] = [
    "nvidia-cuda-runtime",
    "nvidia-cublas",
    "nvidia-cufft",
    "nvidia-curand",
    "nvidia-cudnn-cu13",
    "nvidia-cuda-nvrtc",
    "nvidia-nvjitlink",
];

fn pip_download(package: &str, folder: &Path, reporter: &Reporter) -> Result<()> {
    let mut child = Command::new("python3")
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
        ])
        .arg(folder)
        .arg(package)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Error::RuntimeMissing {
            problem: format!("python3 with pip is needed to download it ({error})"),
        })?;
    loop {
        if reporter.cancel_token().is_cancelled() {
            child.kill().ok();
            child.wait().ok();
            return Err(Error::Cancelled);
        }
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) => std::thread::sleep(std::time::Duration::from_millis(50)),
            Err(error) => {
                return Err(Error::RuntimeMissing {
                    problem: format!("pip could not be watched ({error})"),
                });
            }
        }
    }
    let output = child
        .wait_with_output()
        .map_err(|error| Error::RuntimeMissing {
            problem: format!("pip could not be read ({error})"),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no reason given");
    Err(Error::RuntimeMissing {
        problem: format!("pip could not download {package}: {}", last.trim()),
    })
}

/// Copies a wheel's libraries, flat, each under a temporary name until it is whole.
fn unpack(wheel: &Path, target: &Path) -> Result<()> {
    let file = std::fs::File::open(wheel).map_err(Error::io("open", wheel))?;
    let broken = |error: zip::result::ZipError| Error::Malformed {
        problem: format!("broken wheel ({error})"),
        path: wheel.into(),
    };
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    for i in 0..archive.len() {
        let mut entry = archive.by_index(i).map_err(broken)?;
        let Some(name) = entry
            .enclosed_name()
            .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()))
        else {
            continue;
        };
        let Some(name) = library_name(&name) else {
            continue;
        };
        let mut part = tempfile::NamedTempFile::new_in(target)
            .map_err(Error::io("create a file in", target))?;
        std::io::copy(&mut entry, &mut part).map_err(Error::io("write", target))?;
        part.flush().map_err(Error::io("write", target))?;
        let path = target.join(name);
        part.persist(&path)
            .map_err(|e| Error::io("write", &path)(e.error))?;
    }
    Ok(())
}

/// The name a wheel's file is kept under; `None` for what is no library.
fn library_name(file: &str) -> Option<String> {
    let library = file.contains(".so") || file.ends_with(".dll") || file.ends_with(".dylib");
    if !library || file.contains("pybind11_state") {
        return None;
    }
    // The main library carries its version; the plain name is the one that is looked for.
    let main = file.starts_with("libonnxruntime.so.")
        || (file.starts_with("libonnxruntime.") && file.ends_with(".dylib"));
    Some(if main {
        library_file_name().to_owned()
    } else {
        file.to_owned()
    })
}
