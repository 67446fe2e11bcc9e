"""The peers of what learns and what judges: torch, librosa and museval.

Called by `peers.py`, which documents the rows.
"""

import time
from pathlib import Path

BATCH = 8
SLICE_COLUMNS = 256
HOP_LENGTH = 512
RATE_HZ = 44_100
# Seconds of warm, counted work at least.
LEAST_SECS = 6.0


def timbre_picture(samples):
    """256 bins x 256 columns of the timbre system's log scale, -1 to 1."""
    import librosa
    import numpy as np

    window = np.hanning(1024)
    spectra = librosa.stft(
        samples, n_fft=1024, hop_length=HOP_LENGTH, window=window,
        pad_mode="reflect",
    )
    magnitude = 2 * np.abs(spectra[:256, :SLICE_COLUMNS]) / window.sum()
    picture = np.full((1, 256, SLICE_COLUMNS), -1, dtype=np.float32)
    scaled = 2 * np.log1p(65536 * magnitude) / np.log(65537) - 1
    picture[0, :, :scaled.shape[1]] = scaled
    return picture


def slices_of(folder, origin, target):
    """(path of the one, path of the other, first second) of every slice."""
    import soundfile

    secs = SLICE_COLUMNS * HOP_LENGTH / RATE_HZ
    found = []
    for path in sorted(Path(folder, origin).glob("*.wav")):
        length = soundfile.info(path).duration
        starts = range(max(int(length / secs), 1))
        other = Path(folder, target, path.name)
        found += [(path, other, n * secs, secs) for n in starts]
    return found


def examples(args):
    """Examples a second that torch's loader gives, made by librosa."""
    try:
        import torch
    except ImportError:
        return {"absent": "torch not installed"}
    import librosa

    class Pairs(torch.utils.data.Dataset):
        """Slices of the same piece by two instruments."""

        def __init__(self):
            self.slices = slices_of(args.examples, args.origin, args.target)

        def __len__(self):
            return len(self.slices)

        def __getitem__(self, n):
            *paths, start, secs = self.slices[n]
            return tuple(
                timbre_picture(librosa.load(
                    path, sr=RATE_HZ, offset=start, duration=secs
                )[0])
                for path in paths
            )

    loader = torch.utils.data.DataLoader(
        Pairs(), batch_size=BATCH, shuffle=True, drop_last=True,
        num_workers=args.threads, persistent_workers=True,
    )
    # The first round starts the workers and fills the disk's memory.
    for _ in loader:
        pass
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < LEAST_SECS:
        for _ in loader:
            count += BATCH
    secs = time.perf_counter() - start
    return {"secs": secs / count, "examples": count}


def pix2pix_generator(base, depth=8):
    """The U-Net of the timbre system, as torch modules."""
    import torch
    from torch import nn

    widths = [min(base * 2**level, base * 8) for level in range(depth)]

    class Generator(nn.Module):
        """Strided convolutions down, transposed ones up, all joined."""

        def __init__(self):
            super().__init__()
            self.down, self.up, channels = nn.ModuleList(), nn.ModuleList(), 1
            for level, width in enumerate(widths):
                norm = [nn.BatchNorm2d(width, 1e-3)] if level else []
                self.down.append(nn.Sequential(
                    nn.Conv2d(channels, width, 4, 2, 1, bias=False),
                    *norm, nn.LeakyReLU(0.3),
                ))
                channels = width
            for level, width in enumerate(reversed(widths[:-1])):
                drop = [nn.Dropout(0.5)] if level < 3 else []
                self.up.append(nn.Sequential(
                    nn.ConvTranspose2d(channels, width, 4, 2, 1, bias=False),
                    nn.BatchNorm2d(width, 1e-3), *drop, nn.ReLU(),
                ))
                channels = 2 * width
            self.last = nn.ConvTranspose2d(channels, 1, 4, 2, 1)

        def forward(self, x):
            joined = []
            for block in self.down:
                x = block(x)
                joined.append(x)
            for block, other in zip(self.up, reversed(joined[:-1])):
                x = torch.cat([block(x), other], 1)
            return torch.tanh(self.last(x))

    return Generator()


def train_step(args):
    """Seconds of a training step: forward, L1, backward, Adam."""
    try:
        import torch
    except ImportError:
        return {"absent": "torch not installed"}
    torch.set_num_threads(args.threads)
    network = pix2pix_generator(16)
    optimiser = torch.optim.Adam(network.parameters(), 2e-4)
    inputs = torch.randn(BATCH, 1, 256, 256)
    targets = torch.tanh(torch.randn(BATCH, 1, 256, 256))

    def step():
        optimiser.zero_grad()
        (network(inputs) - targets).abs().mean().backward()
        optimiser.step()

    for _ in range(3):
        step()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < LEAST_SECS:
        step()
        count += 1
    parameters = sum(p.numel() for p in network.parameters())
    secs = (time.perf_counter() - start) / count
    return {"secs": secs, "parameters": parameters}


def bss(args):
    """Seconds of museval on the stems in a folder, and its medians."""
    try:
        import museval
    except ImportError:
        return {"absent": "museval not installed"}
    import resource

    import numpy as np
    import soundfile

    def read(folder):
        paths = sorted(Path(args.stems, folder).glob("*.wav"))
        return np.stack([
            soundfile.read(path, dtype="float64", always_2d=True)[0]
            for path in paths
        ])

    references, estimates = read("references"), read("estimates")
    start = time.perf_counter()
    sdr, isr, sir, sar = museval.evaluate(references, estimates)
    secs = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    medians = [
        [float(np.nanmedian(scores[n])) for scores in (sdr, isr, sir, sar)]
        for n in range(len(references))
    ]
    return {"secs": secs, "medians": medians, "peak_mb": peak}


ROWS = {"examples": examples, "train-step": train_step, "bss": bss}
