//! Where ONNX Runtime is, and which device a run asks for.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;

use serde::Serialize;

use crate::error::{Error, Result};

/// What a run is asked to use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// The best there is; says what it chose and why.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU by number.
    Cuda(i32),
    /// An NVIDIA GPU through TensorRT.
    TensorRt(i32),
    /// Apple's accelerators.
    CoreMl,
    /// Any GPU under Windows.
    DirectMl(i32),
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
            Self::TensorRt(n) => write!(f, "tensorrt:{n}"),
            Self::CoreMl => f.write_str("coreml"),
            Self::DirectMl(n) => write!(f, "directml:{n}"),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, number) = text.split_once(':').unwrap_or((text, "0"));
        let number = number
            .parse::<u16>()
            .map(i32::from)
            .map_err(|_unreadable| {
                Error::setting("device", format!("{text:?}: the number after ':' is none"))
            })?;
        match name.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(number)),
            "tensorrt" => Ok(Self::TensorRt(number)),
            "coreml" => Ok(Self::CoreMl),
            "directml" => Ok(Self::DirectMl(number)),
            _ => Err(Error::setting(
                "device",
                format!(
                    "{text:?} is none of auto, cpu, cuda[:N], tensorrt[:N], coreml, directml[:N]"
                ),
            )),
        }
    }
}

/// What is known about ONNX Runtime, for people and `--json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuntimeStatus {
    /// The library, if one was found.
    pub library: Option<PathBuf>,
    /// Its version.
    pub version: Option<String>,
    /// Providers it was built with, best first.
    pub providers: Vec<String>,
    /// Why it cannot be used, if so.
    pub problem: Option<String>,
}

/// The library's file name on this system.
pub fn library_file_name() -> &'static str {
    if cfg!(target_os = "windows") {
        "onnxruntime.dll"
    } else if cfg!(target_os = "macos") {
        "libonnxruntime.dylib"
    } else {
        "libonnxruntime.so"
    }
}

/// Where `stemloom runtime install` puts the library.
pub fn runtime_dir() -> PathBuf {
    crate::paths::data_dir().join("onnxruntime")
}

static CHOSEN: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Uses this library and no other (`--onnxruntime PATH`).
pub fn set_library_path(path: PathBuf) {
    if let Ok(mut chosen) = CHOSEN.lock() {
        *chosen = Some(path);
    }
}

/// Finds the library: the path that was set, `ORT_DYLIB_PATH`, beside the executable, the data
/// folder, the system's loader path, the onnxruntime package of the `python3` on PATH.
///
/// # Errors
/// [`Error::RuntimeMissing`] that says where it was looked for.
pub fn find_library() -> Result<PathBuf> {
    let chosen = CHOSEN.lock().ok().and_then(|chosen| chosen.clone());
    let named = chosen.or_else(|| {
        std::env::var_os("ORT_DYLIB_PATH")
            .filter(|p| !p.is_empty())
            .map(PathBuf::from)
    });
    if let Some(path) = named {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Error::RuntimeMissing {
                problem: format!("there is no ONNX Runtime at {}", path.display()),
            })
        };
    }
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_path_buf));
    beside
        .iter()
        .chain([&runtime_dir()])
        .chain(system_folders().iter())
        .find_map(|folder| library_in(folder))
        .or_else(from_python)
        .ok_or_else(|| Error::RuntimeMissing {
            problem: "ONNX Runtime is not installed".into(),
        })
}

/// The library in a folder, also with a version behind its name.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let name = library_file_name();
    let exact = folder.join(name);
    if exact.is_file() {
        return Some(exact);
    }
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let file = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
            // libonnxruntime.so.1.31.1, libonnxruntime.1.31.1.dylib; not the providers' libraries.
            file.starts_with(&format!("{stem}."))
                && file.bytes().any(|b| b.is_ascii_digit())
                && !file.contains("providers")
        })
        .collect();
    found.sort();
    found.pop()
}

fn system_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for variable in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
        if let Some(paths) = std::env::var_os(variable) {
            folders.extend(std::env::split_paths(&paths));
        }
    }
    let usual = [
        "/usr/local/lib",
        "/usr/lib",
        "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/opt/homebrew/lib",
    ];
    folders.extend(usual.iter().map(PathBuf::from));
    folders
}

fn from_python() -> Option<PathBuf> {
    const FIND: &str =
        "import importlib.util as u; s = u.find_spec('onnxruntime'); print(s.origin if s else '')";
    let output = std::process::Command::new("python3")
        .args(["-c", FIND])
        .output()
        .ok()?;
    let origin = String::from_utf8(output.stdout).ok()?;
    let package = Path::new(origin.trim()).parent()?;
    library_in(&package.join("capi"))
}
