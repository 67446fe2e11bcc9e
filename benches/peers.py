"""The peers' side of `make bench`: one JSON line per row asked for.

    peers.py ROW... --song SONG.wav --threads N [--model M.onnx
             --segment-frames N --step-frames N --batch N]
             [--examples DIR --origin NAME --target NAME] [--stems DIR]

Rows:

about      {"row", "versions", "library"}: what is compared with, and the
           ONNX Runtime library that our side is to use too
stft       librosa: STFT and inverse, 4096/1024
stft-torch torch: the same; {"row", "absent"} where torch is not installed
hpss       librosa: harmonic and percussive parts, 2048/512, 31 x 31
repet-sim  librosa: its nearest-neighbour form of REPET-SIM, 2048/1024
griffin-lim  librosa: 32 iterations of the fast Griffin-Lim, mono, the first
           30 s, 2048/512; {"convergence_db"} as well
mel-inverse  librosa: 512 mel bands back to bins, 327,500 samples at half the
           song's rate, 2048/512; {"residual"} as well
network    ONNX Runtime alone: the segments of the song through the model
examples   torch and librosa: pairs of timbre pictures, loaded by as many
           worker processes as threads; seconds of one example
train-step torch: one step of the timbre system's generator, 16 base filters,
           8 pairs of 256 x 256
bss        museval: BSSEval v4 of the stems in `references` and `estimates` of
           a folder, once; {"medians", "peak_mb"} as well

The others print {"row", "secs"}: the fastest run of a few, with the song in
memory and everything imported, loaded and warmed up beforehand. Files are
neither read nor written within the time.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import peers_learning

MOST_RUNS = 5
# Seconds of running after which no further run starts.
BUDGET_SECS = 20.0
# Seconds of the song that the first, uncounted run takes: compilers and
# caches are filled then.
WARM_UP_SECS = 5
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)

# numpy and the rest are imported inside the functions: they look at the
# thread variables only once, when they are imported, and not every row needs
# them all.


def fastest_secs(work):
    """Seconds of the fastest of a few runs of `work`."""
    fastest, spent = float("inf"), 0.0
    for _ in range(MOST_RUNS):
        start = time.perf_counter()
        work()
        secs = time.perf_counter() - start
        fastest = min(fastest, secs)
        spent += secs
        if spent > BUDGET_SECS:
            break
    return fastest


def timed(method, song, rate_hz):
    """Times `method(samples, rate_hz)` on the song, once warmed up."""
    method(song[:, :WARM_UP_SECS * rate_hz], rate_hz)
    return {"secs": fastest_secs(lambda: method(song, rate_hz))}


def read_song(path):
    """The file as float32 `[channels, frames]`, and its rate in hertz."""
    import numpy as np
    import soundfile

    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T), rate_hz


def stft_and_inverse(song, _rate_hz):
    """librosa's STFT of all channels at once, and back."""
    import librosa

    spectra = librosa.stft(song, n_fft=4096, hop_length=1024)
    return librosa.istft(
        spectra, n_fft=4096, hop_length=1024, length=song.shape[-1]
    )


def stft_and_inverse_torch(song, _rate_hz):
    """torch's STFT of all channels at once, and back."""
    import torch

    samples = torch.from_numpy(song)
    window = torch.hann_window(4096)
    shape = {"n_fft": 4096, "hop_length": 1024, "window": window}
    spectra = torch.stft(
        samples, pad_mode="constant", return_complex=True, **shape
    )
    return torch.istft(spectra, length=song.shape[-1], **shape)


def hpss(song, _rate_hz):
    """Harmonic and percussive samples of each channel.

    As `librosa.effects.hpss`, channel by channel.
    """
    import librosa

    stems = []
    for channel in song:
        spectrum = librosa.stft(channel, n_fft=2048, hop_length=512)
        parts = librosa.decompose.hpss(spectrum, kernel_size=31)
        stems.append([
            librosa.istft(
                part, n_fft=2048, hop_length=512, length=len(channel)
            )
            for part in parts
        ])
    return stems


def repet_sim(song, rate_hz):
    """Voice and accompaniment of each channel from one mask.

    The way that librosa's documentation shows: every column of the mean
    magnitude becomes the median of its nearest neighbours by cosine, at
    least a second away, and never more than itself; soft masks with margins
    of 2 and 10 split what repeats from what does not.
    """
    import librosa
    import numpy as np

    n_fft, hop_length = 2048, 1024
    voice_margin, rest_margin, power = 10, 2, 2
    shape = {"n_fft": n_fft, "hop_length": hop_length, "window": "hamming"}
    spectra = librosa.stft(song, **shape)
    magnitude = np.abs(spectra).mean(axis=0)
    repeating = librosa.decompose.nn_filter(
        magnitude,
        aggregate=np.median,
        metric="cosine",
        width=round(rate_hz / hop_length),
    )
    repeating = np.minimum(magnitude, repeating)
    other = magnitude - repeating
    rest_mask = librosa.util.softmask(
        repeating, rest_margin * other, power=power
    )
    voice_mask = librosa.util.softmask(
        other, voice_margin * repeating, power=power
    )
    return [
        librosa.istft(mask * spectra, length=song.shape[-1], **shape)
        for mask in (voice_mask, rest_mask)
    ]


GRIFFIN_LIM_SECS = 30
MEL_FRAMES = 327_500


def griffin_lim(song, rate_hz):
    """Seconds of 32 iterations from phase zero, and how far they get."""
    import librosa
    import numpy as np

    samples = song.mean(axis=0)[:GRIFFIN_LIM_SECS * rate_hz]
    shape = {"n_fft": 2048, "hop_length": 512}
    magnitude = np.abs(librosa.stft(samples, **shape))

    def run(magnitude, frames):
        return librosa.griffinlim(
            magnitude, n_iter=32, momentum=0.99, init=None,
            length=frames, **shape
        )

    run(magnitude[:, :100], 99 * 512)
    secs = fastest_secs(lambda: run(magnitude, len(samples)))
    found = np.abs(librosa.stft(run(magnitude, len(samples)), **shape))
    error = np.linalg.norm(found - magnitude) / np.linalg.norm(magnitude)
    return {"secs": secs, "convergence_db": 20 * float(np.log10(error))}


def mel_inverse(song, rate_hz):
    """Seconds of 512 bands of power to bins, and what is left of them."""
    import librosa
    import numpy as np

    samples = song.mean(axis=0)[:2 * MEL_FRAMES:2]
    magnitude = np.abs(librosa.stft(samples, n_fft=2048, hop_length=512))
    params = {"sr": rate_hz // 2, "n_fft": 2048}
    bank = librosa.filters.mel(n_mels=512, **params)
    mel = bank @ magnitude**2

    def run(mel):
        return librosa.feature.inverse.mel_to_stft(mel, power=2.0, **params)

    run(mel[:, :20])
    secs = fastest_secs(lambda: run(mel))
    rest = bank @ run(mel) ** 2 - mel
    residual = np.linalg.norm(rest) / np.linalg.norm(mel)
    return {"secs": secs, "residual": float(residual)}


def segment_starts(frames, segment_frames, step_frames):
    """First frames of the segments; the last one ends where the song does."""
    last = max(frames - segment_frames, 0)
    return [*range(0, last, step_frames), last]


def network_secs(song, args):
    """Seconds of the model's runs alone, over all segments in batches."""
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    session = onnxruntime.InferenceSession(
        args.model, options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    short = max(args.segment_frames - song.shape[-1], 0)
    song = np.pad(song, ((0, 0), (0, short)))
    segments = [
        song[:, start:start + args.segment_frames]
        for start in segment_starts(
            song.shape[-1], args.segment_frames, args.step_frames
        )
    ]
    batches = [
        np.stack(segments[first:first + args.batch])
        for first in range(0, len(segments), args.batch)
    ]

    def run_all():
        for batch in batches:
            session.run(None, {name: batch})

    session.run(None, {name: batches[0]})
    return fastest_secs(run_all)


def about():
    """Versions of the peers and the path of ONNX Runtime's library."""
    import librosa
    import numpy
    import onnxruntime
    import scipy

    modules = [librosa, numpy, scipy, onnxruntime]
    try:
        import torch

        modules.append(torch)
    except ImportError:
        pass
    folder = Path(onnxruntime.__file__).parent / "capi"
    patterns = (
        "libonnxruntime.so*", "libonnxruntime.*dylib", "onnxruntime.dll"
    )
    libraries = [path for p in patterns for path in sorted(folder.glob(p))]
    if not libraries:
        sys.exit(f"peers.py: no ONNX Runtime library in {folder}")
    versions = [f"{m.__name__} {m.__version__}" for m in modules]
    return {"versions": ", ".join(versions), "library": str(libraries[0])}


def stft_torch(song, rate_hz, threads):
    """The row of torch, which is not always installed."""
    try:
        import torch
    except ImportError:
        return {"absent": "torch not installed"}
    torch.set_num_threads(threads)
    with torch.inference_mode():
        return timed(stft_and_inverse_torch, song, rate_hz)


def measure(row, args):
    """What a row prints, without its name."""
    if row == "about":
        return about()
    if row in peers_learning.ROWS:
        return peers_learning.ROWS[row](args)
    song, rate_hz = read_song(args.song)
    if row == "network":
        return {"secs": network_secs(song, args)}
    if row == "stft-torch":
        return stft_torch(song, rate_hz, args.threads)
    if row == "griffin-lim":
        return griffin_lim(song, rate_hz)
    if row == "mel-inverse":
        return mel_inverse(song, rate_hz)
    method = {"stft": stft_and_inverse, "hpss": hpss, "repet-sim": repet_sim}
    return timed(method[row], song, rate_hz)


def parse_args():
    """The words of the command line, checked."""
    rows = [
        "about", "stft", "stft-torch", "hpss", "repet-sim", "griffin-lim",
        "mel-inverse", "network", *peers_learning.ROWS,
    ]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="+", choices=rows, metavar="ROW")
    parser.add_argument("--song", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--model")
    parser.add_argument("--segment-frames", type=int)
    parser.add_argument("--step-frames", type=int)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--examples")
    parser.add_argument("--origin")
    parser.add_argument("--target")
    parser.add_argument("--stems")
    args = parser.parse_args()
    of_network = (
        args.model, args.segment_frames, args.step_frames, args.batch
    )
    if "network" in args.rows and None in of_network:
        parser.error(
            "network needs --model, --segment-frames, --step-frames, --batch"
        )
    return args


def main():
    """Prints a line for each row."""
    args = parse_args()
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(args.threads)
    for row in args.rows:
        print(json.dumps({"row": row, **measure(row, args)}), flush=True)


if __name__ == "__main__":
    main()
