//! ONNX Runtime itself. The only user of ort.
//!
//! One environment lives for the whole process. Nothing here may be called before the library was
//! loaded by [`Runtime::load`]: ort would look for one on its own and panic without.

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, Session, SessionInputValue};
use ort::value::TensorRef;

use super::runtime::{Device, RuntimeStatus, find_library};
use crate::error::{Error, Result};
use crate::progress::Reporter;

struct Loaded {
    environment: Environment,
    library: PathBuf,
}

static LOADED: OnceLock<Loaded> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// A loaded ONNX Runtime.
#[derive(Clone, Copy)]
pub struct Runtime(&'static Loaded);

impl Runtime {
    /// Finds and loads the library, once per process.
    ///
    /// # Errors
    /// [`Error::RuntimeMissing`] if there is none that works.
    pub fn load() -> Result<Self> {
        if let Some(loaded) = LOADED.get() {
            return Ok(Self(loaded));
        }
        let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = LOADED.get() {
            return Ok(Self(loaded));
        }
        let library = find_library()?;
        let missing = |error: &dyn std::fmt::Display| Error::RuntimeMissing {
            problem: format!(
                "{} cannot be used as ONNX Runtime ({error})",
                library.display()
            ),
        };
        let environment = ort::init_from(&library)
            .map_err(|error| missing(&error))?
            .with_name("stemloom")
            .with_telemetry(false)
            .build()
            .map_err(|error| missing(&error))?;
        // What matters comes back as an error; ONNX Runtime's own chatter is not for people.
        environment.set_log_level(LogLevel::Fatal);
        Ok(Self(LOADED.get_or_init(|| Loaded {
            environment,
            library,
        })))
    }

    /// What is installed, without failing.
    pub fn status() -> RuntimeStatus {
        match Self::load() {
            Ok(runtime) => RuntimeStatus {
                library: Some(runtime.0.library.clone()),
                version: version_of(&runtime.0.library),
                providers: runtime.providers(),
                problem: None,
            },
            Err(error) => RuntimeStatus {
                library: find_library().ok(),
                version: None,
                providers: Vec::new(),
                problem: Some(error.to_string()),
            },
        }
    }

    /// Execution providers that the library was built with, best first. That says nothing about
    /// drivers: only a session does.
    pub fn providers(&self) -> Vec<String> {
        available_providers().unwrap_or_default()
    }

    fn has(&self, provider: &str) -> bool {
        self.providers().iter().any(|name| name == provider)
    }
}

#[allow(unsafe_code)]
fn available_providers() -> ort::Result<Vec<String>> {
    let api = ort::api();
    let mut names: *mut *mut c_char = std::ptr::null_mut();
    let mut count: c_int = 0;
    // SAFETY: the API fills in an array of `count` C strings that stays valid until released, and
    // it is released after the last look at it.
    unsafe {
        ort::Error::result_from_status((api.GetAvailableProviders)(&mut names, &mut count))?;
        let out = (0..count as usize)
            .map(|i| CStr::from_ptr(*names.add(i)).to_string_lossy().into_owned())
            .collect();
        ort::Error::result_from_status((api.ReleaseAvailableProviders)(names, count))?;
        Ok(out)
    }
}

/// The version that the library states.
#[allow(unsafe_code)]
fn version_of(library: &Path) -> Option<String> {
    // SAFETY: the library is loaded already, so this only takes another reference to it; the
    // function and the structure it answers are the ones ONNX Runtime documents, and static.
    unsafe {
        let library = libloading::Library::new(library).ok()?;
        let base: libloading::Symbol<'_, unsafe extern "C" fn() -> *const ort::sys::OrtApiBase> =
            library.get(b"OrtGetApiBase").ok()?;
        let base = base().as_ref()?;
        let text = (base.GetVersionString)();
        Some(CStr::from_ptr(text).to_string_lossy().into_owned())
    }
}

/// A tensor of 32-bit floats in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// The values.
    pub data: Vec<f32>,
}

/// An input or output of a loaded network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name.
    pub name: String,
    /// Length of each axis; `None` where free.
    pub shape: Vec<Option<usize>>,
}

/// A network in memory, on a device.
pub struct OnnxModel {
    session: Session,
    path: PathBuf,
    inputs: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    device: String,
    device_reason: Option<String>,
}

impl OnnxModel {
    /// Loads a graph on a device. `threads`: 0 lets ONNX Runtime choose.
    ///
    /// A device asked for by name is used or refused, never replaced. `auto` tries a GPU where the
    /// library has one and says why it did not take it ([`Self::device_reason`]).
    ///
    /// # Errors
    /// [`Error::RuntimeMissing`], [`Error::Device`], or [`Error::Model`] if the graph is broken.
    pub fn load(path: &Path, device: &Device, threads: usize) -> Result<Self> {
        let runtime = Runtime::load()?;
        let open =
            |providers: &[ExecutionProviderDispatch]| open(runtime, path, providers, threads);
        let model_error = |error: ort::Error| Error::Model {
            problem: first_line(&error),
            path: path.into(),
        };
        let (session, device, reason) = match device {
            Device::Cpu => (open(&[]).map_err(model_error)?, "cpu".to_owned(), None),
            Device::Auto => match automatic(runtime) {
                Some(candidate) => match open(&[provider(&candidate)]) {
                    Ok(session) => (
                        session,
                        candidate.to_string(),
                        Some("the fastest there is".to_owned()),
                    ),
                    Err(error) => {
                        let reason = format!("{candidate} did not start: {}", first_line(&error));
                        (
                            open(&[]).map_err(model_error)?,
                            "cpu".to_owned(),
                            Some(reason),
                        )
                    }
                },
                None => {
                    let reason = "this ONNX Runtime has no GPU provider".to_owned();
                    (
                        open(&[]).map_err(model_error)?,
                        "cpu".to_owned(),
                        Some(reason),
                    )
                }
            },
            named => {
                let refused = |error: ort::Error| Error::Device {
                    device: named.to_string(),
                    reason: first_line(&error),
                    cure: cure(named),
                };
                // A graph that does not load on the CPU either is not the device's fault.
                let session = open(&[provider(named)]).map_err(|error| match open(&[]) {
                    Ok(_) => refused(error),
                    Err(on_cpu) => model_error(on_cpu),
                })?;
                (session, named.to_string(), None)
            }
        };
        Ok(Self {
            inputs: session.inputs().iter().map(describe).collect(),
            outputs: session.outputs().iter().map(describe).collect(),
            session,
            path: path.into(),
            device,
            device_reason: reason,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The graph's inputs.
    pub fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    /// The graph's outputs.
    pub fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    /// The device that really runs it.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Why `auto` chose it.
    pub fn device_reason(&self) -> Option<&str> {
        self.device_reason.as_deref()
    }

    /// Runs the network on one input; answers the named outputs in that order. A cancel stops it
    /// between two nodes of the graph.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::Model`] with ONNX Runtime's words.
    pub fn run(
        &mut self,
        input: (&str, &Tensor),
        outputs: &[String],
        reporter: &Reporter,
    ) -> Result<Vec<Tensor>> {
        reporter.check()?;
        let path = self.path.clone();
        let failed = |error: ort::Error| Error::Model {
            problem: first_line(&error),
            path: path.clone(),
        };
        let options = Arc::new(RunOptions::new().map_err(failed)?);
        let stop = Arc::clone(&options);
        let _hook = reporter.cancel_token().on_cancel(move || {
            stop.terminate().ok();
        });
        let (name, tensor) = input;
        let view =
            TensorRef::from_array_view((tensor.shape.clone(), &tensor.data[..])).map_err(failed)?;
        let feed: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = vec![(Cow::from(name), view.into())];
        let answered = match self.session.run_with_options(feed, &*options) {
            Ok(answered) => answered,
            Err(_) if reporter.cancel_token().is_cancelled() => return Err(Error::Cancelled),
            Err(error) => return Err(failed(error)),
        };
        outputs
            .iter()
            .map(|name| {
                let value = answered.get(name.as_str()).ok_or_else(|| Error::Model {
                    problem: format!("the graph answered no output {name:?}"),
                    path: path.clone(),
                })?;
                let (shape, data) = value.try_extract_tensor::<f32>().map_err(failed)?;
                Ok(Tensor {
                    shape: shape
                        .iter()
                        .map(|n| usize::try_from(*n).unwrap_or(0))
                        .collect(),
                    data: data.to_vec(),
                })
            })
            .collect()
    }
}

fn open(
    runtime: Runtime,
    path: &Path,
    providers: &[ExecutionProviderDispatch],
    threads: usize,
) -> ort::Result<Session> {
    let mut builder = Session::builder(&runtime.0.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        // Threads that wait by spinning take the processor from reading and writing between two runs,
        // and gained nothing within them.
        .with_intra_op_spinning(false)?
        // Work is dealt out in small pieces: a thread that shares its core with reading and writing
        // takes fewer of them, and the others do not wait for it.
        .with_dynamic_block_base(4)?
        .with_execution_providers(providers)?;
    if threads > 0 {
        builder = builder.with_intra_threads(threads)?;
    }
    builder.commit_from_file(path)
}

fn provider(device: &Device) -> ExecutionProviderDispatch {
    if matches!(device, Device::Cuda(_) | Device::TensorRt(_)) {
        preload_cuda();
    }
    let dispatch = match device {
        Device::Cuda(n) => ep::CUDA::default().with_device_id(*n).build(),
        Device::TensorRt(n) => ep::TensorRT::default().with_device_id(*n).build(),
        Device::CoreMl => ep::CoreML::default().build(),
        Device::DirectMl(n) => ep::DirectML::default().with_device_id(*n).build(),
        Device::Auto | Device::Cpu => ep::CPU::default().build(),
    };
    // Without this a provider that cannot start is left out without a word.
    dispatch.error_on_failure()
}

/// Loads the CUDA and cuDNN libraries that `runtime install --cuda` put beside ONNX Runtime, so that
/// its provider finds them there. Without them the system's own are looked for.
fn preload_cuda() {
    let folder = super::runtime::runtime_dir();
    let installed = std::fs::read_dir(&folder).is_ok_and(|files| {
        files
            .flatten()
            .any(|file| file.file_name().to_string_lossy().contains("cudart"))
    });
    if installed {
        // What fails here fails again, with a reason, when the provider starts.
        ep::cuda::preload_dylibs(Some(&folder), Some(&folder)).ok();
    }
}

fn automatic(runtime: Runtime) -> Option<Device> {
    if runtime.has("CUDAExecutionProvider") {
        Some(Device::Cuda(0))
    } else if runtime.has("DmlExecutionProvider") {
        Some(Device::DirectMl(0))
    } else if runtime.has("CoreMLExecutionProvider") {
        Some(Device::CoreMl)
    } else {
        None
    }
}

fn cure(device: &Device) -> String {
    match device {
        Device::Cuda(_) | Device::TensorRt(_) => {
            "run `stemloom runtime install --cuda` and check the NVIDIA driver (CUDA 13), or use --device cpu".into()
        }
        _ => "use --device auto or --device cpu".into(),
    }
}

fn first_line(error: &ort::Error) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or("unknown error")
        .trim()
        .trim_end_matches('.')
        .to_owned()
}

fn describe(outlet: &ort::value::Outlet) -> TensorInfo {
    let shape = outlet
        .dtype()
        .tensor_shape()
        .map_or_else(Vec::new, |shape| {
            shape.iter().map(|n| usize::try_from(*n).ok()).collect()
        });
    TensorInfo {
        name: outlet.name().to_owned(),
        shape,
    }
}
