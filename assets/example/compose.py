#!/usr/bin/env python3
"""Compose and render "Long Way Home", the example song of this project.

Everything is synthesised from scratch: no samples, no presets.  The script
writes four stems and their mix next to itself:

    long-way-home.flac
    stems/guitar.flac  stems/bass.flac  stems/drums.flac  stems/keys.flac

The stems are quantised first and the mix is their integer sum, so that

    mix == guitar + bass + drums + keys

holds exactly, sample for sample, in the decoded 16-bit files.  To keep the
files small the stems use only every fourth 16-bit value (14 bits, with TPDF
dither); FLAC stores the two unused low bits of each sample for free.

Form (D major, 122 bpm, 4/4):

    bars 1-4   verse   picked guitar, electric-piano tune, full band
    bars 5-6   break   drums drop out, long bass notes, fill into ...
    bars 7-9   chorus  strummed guitar, lead guitar tune, driving bass
    bar  10    ending  last chord rings out

Requires numpy, scipy and soundfile:

    pip install numpy scipy soundfile
    python compose.py

The result is deterministic: every random number comes from a fixed seed.
"""

import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import scipy
import soundfile as sf
from scipy import signal

SR = 44100
TEMPO = 122.0
BEAT = 60.0 / TEMPO
LEAD_IN = 0.06          # room for notes that are played early, in seconds
LENGTH = 20.1           # of the whole piece, in seconds
FADE = 0.9              # of the last reverb tail, in seconds
SEED = 20240607

STEP = 4                # stems are integer multiples of this 16-bit value
PEAK_DBFS = -1.0        # of the mix
TITLE = "Long Way Home"
ARTIST = "Stemloom"

# Levels of the stems relative to each other (RMS over the piece, in dB).
BALANCE_DB = {"guitar": -20.0, "bass": -20.0, "drums": -20.0, "keys": -22.0}


# --------------------------------------------------------------------------
# Helpers
# --------------------------------------------------------------------------

def rng_for(name):
    """Return the random generator of one part, independent of the others."""
    return np.random.Generator(
        np.random.PCG64([SEED, *name.encode("ascii")]))


def at(bar, beat):
    """Return the time in seconds of a beat; bars and beats count from 1."""
    return LEAD_IN + ((bar - 1) * 4 + (beat - 1)) * BEAT


def hertz(midi):
    """Return the frequency of a MIDI note number."""
    return 440.0 * 2.0 ** ((midi - 69) / 12.0)


def db(value):
    """Return the amplitude factor for a level in decibels."""
    return 10.0 ** (value / 20.0)


def seconds(duration):
    """Return a time axis of the given duration."""
    return np.arange(int(round(duration * SR))) / SR


def canvas():
    """Return an empty mono track of the length of the piece."""
    return np.zeros(int(LENGTH * SR))


def place(track, start, sound):
    """Add a sound to a track (mono or stereo) at a time in seconds."""
    first = max(0, int(round(start * SR)))
    last = min(len(track), first + len(sound))
    if last > first:
        track[first:last] += sound[:last - first]


def lowpass(x, cutoff, order=2):
    """Apply a Butterworth low-pass filter."""
    sos = signal.butter(order, cutoff, "low", fs=SR, output="sos")
    return signal.sosfilt(sos, x, axis=0)


def highpass(x, cutoff, order=2):
    """Apply a Butterworth high-pass filter."""
    sos = signal.butter(order, cutoff, "high", fs=SR, output="sos")
    return signal.sosfilt(sos, x, axis=0)


def bandpass(x, low, high, order=2):
    """Apply a Butterworth band-pass filter."""
    sos = signal.butter(order, [low, high], "band", fs=SR, output="sos")
    return signal.sosfilt(sos, x, axis=0)


def resonance(x, freq, q, gain_db):
    """Apply a peaking equaliser (the well-known biquad design)."""
    amp = 10.0 ** (gain_db / 40.0)
    omega = 2.0 * np.pi * freq / SR
    alpha = np.sin(omega) / (2.0 * q)
    b = [1.0 + alpha * amp, -2.0 * np.cos(omega), 1.0 - alpha * amp]
    a = [1.0 + alpha / amp, -2.0 * np.cos(omega), 1.0 - alpha / amp]
    return signal.lfilter(b, a, x, axis=0)


def pan(mono, position):
    """Pan a mono sound with constant power; -1 is left, +1 is right."""
    if position == 0.0:
        return np.stack([mono, mono], axis=1)    # equal to the last bit
    angle = (position + 1.0) * np.pi / 4.0
    gains = np.array([np.cos(angle), np.sin(angle)]) * np.sqrt(2.0)
    return mono[:, None] * gains


def tube(x, drive, bias=0.18):
    """Saturate gently and asymmetrically, at four times the sample rate."""
    up = signal.resample_poly(x, 4, 1)
    shaped = np.tanh(drive * up + bias) - np.tanh(bias)
    down = signal.resample_poly(shaped, 1, 4)[:len(x)]
    return highpass(down / drive, 35.0, 1)


def room(dry, name, level_db, size=1.0, decay=0.35, dark=4500.0, width=0.6):
    """Add early reflections and a short diffuse tail to a stereo stem.

    This is a plain convolution, hence linear: applying it to each stem is
    the same as applying it to each part of the mix.
    """
    rng = rng_for("room-" + name)
    length = int((0.06 * size + 1.6 * decay) * SR)
    impulse = np.zeros((length, 2))
    delays = np.array([7.1, 9.7, 13.3, 17.9, 21.1, 26.9, 32.3, 38.9, 46.1])
    for i, delay in enumerate(delays * size):
        n = int(delay * 1e-3 * SR)
        gain = 0.75 ** i * rng.choice([-1.0, 1.0])
        side = i % 2
        impulse[n, side] += gain
        impulse[n + int(rng.integers(9, 40)), 1 - side] += 0.55 * gain
    t = np.arange(length) / SR
    tail = rng.standard_normal((length, 2)) * np.exp(-6.9 * t / decay)[:, None]
    tail *= np.clip(t / 0.03, 0.0, 1.0)[:, None]
    impulse += 0.055 * tail
    impulse = highpass(lowpass(impulse, dark, 2), 160.0, 1)
    side = 0.5 * (1.0 - width) * (impulse[:, 0] - impulse[:, 1])
    impulse += np.stack([-side, side], axis=1)
    impulse *= db(level_db) / np.sqrt(np.mean(np.sum(impulse ** 2, axis=0)))
    mid = dry.mean(axis=1)
    wet = np.stack([signal.fftconvolve(mid, impulse[:, c])[:len(mid)]
                    for c in range(2)], axis=1)
    return dry + wet


# --------------------------------------------------------------------------
# Plucked strings
# --------------------------------------------------------------------------

def string_loop(excitation, freq, duration, t60, damping):
    """Run an excitation through the extended Karplus-Strong loop.

    The loop holds a delay line, a one-zero damping filter and a third-order
    Lagrange interpolator for the fractional part of the period.  Since the
    delay is longer than the filters, the loop is computed in whole blocks.
    """
    total = int(duration * SR)
    period = SR / freq
    whole = int(period - damping - 1.0)
    frac = period - damping - whole          # in [1, 2)
    taps = np.ones(4)
    for k in range(4):
        for m in range(4):
            if m != k:
                taps[k] *= (frac - m) / (k - m)
    taps = np.convolve(taps, [1.0 - damping, damping])
    taps *= 10.0 ** (-3.0 * period / (SR * t60))
    offset = whole + len(taps)
    line = np.zeros(offset + total)
    count = min(len(excitation), total)
    line[offset:offset + count] = excitation[:count]
    for start in range(offset, offset + total, whole):
        stop = min(start + whole, offset + total)
        for k, tap in enumerate(taps):
            line[start:stop] += tap * line[start - whole - k:stop - whole - k]
    return line[offset:]


def pluck(rng, midi, duration, velocity, *, position, t60, damping, colour,
          detune=0.6):
    """Return one plucked note.

    `position` is the picking point as a fraction of the string: it sets the
    notches of the comb filter.  `colour` is the cutoff in hertz of the pick
    for a note of full strength; softer notes are duller.  Two loops, slightly
    detuned in cents, stand for the two planes the string vibrates in.
    """
    freq = hertz(midi)
    period = SR / freq
    pulse = np.zeros(int(2.2 * period) + 64)
    width = int(2.2 / colour * SR)
    pulse[:width] = signal.windows.hann(width)
    burst = int(period)
    pulse[:burst] += 0.10 * rng.standard_normal(burst)
    cutoff = colour * (0.35 + 0.65 * velocity)
    pulse = lowpass(pulse, cutoff, 1)
    delay = position * period * (1.0 + 0.08 * rng.uniform(-1.0, 1.0))
    n = max(2, int(delay))
    comb = pulse.copy()
    comb[n:] -= 0.95 * pulse[:-n]
    note = (0.62 * string_loop(comb, freq * 2.0 ** (detune / 2400.0),
                               duration, t60, damping)
            + 0.38 * string_loop(comb, freq * 2.0 ** (-detune / 2400.0),
                                 duration, 0.55 * t60, damping * 0.8))
    note /= np.sqrt(np.mean(note[:int(0.2 * SR)] ** 2)) + 1e-12
    return 0.16 * velocity ** 1.3 * note


def vibrato(note, rate, depth_cents, onset, scoop_cents=0.0):
    """Bend a finished note: delayed vibrato and a scoop from below."""
    t = np.arange(len(note)) / SR
    grow = np.clip((t - onset) / 0.25, 0.0, 1.0)
    cents = depth_cents * grow * np.sin(2.0 * np.pi * rate * (t - onset))
    cents -= scoop_cents * np.exp(-t / 0.035)
    where = np.cumsum(2.0 ** (cents / 1200.0)) - 1.0
    where = np.clip(where, 0.0, len(note) - 1.001)
    i = np.clip(where.astype(int), 1, len(note) - 3)
    f = where - i
    a, b, c, d = note[i - 1], note[i], note[i + 1], note[i + 2]
    return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d
                                       + f * (3 * (b - c) + d - a)))


def release(note, held, time):
    """Damp a note after it has been held for some seconds."""
    first = int(held * SR)
    if first < len(note):
        rest = np.arange(len(note) - first) / SR
        note[first:] *= np.exp(-rest / time)
        note = note[:first + int(8.0 * time * SR)]
    return note


class Strings:
    """A stringed instrument: each string sounds one note at a time."""

    def __init__(self, rng, release_time=0.025, **tone):
        self.rng = rng
        self.release_time = release_time
        self.tone = tone
        self.events = []

    def play(self, start, string, midi, velocity, held=None, bend=None):
        """Note a pluck; without `held` it rings until the next one."""
        self.events.append([start, string, midi, velocity, held, bend])

    def render(self):
        """Return the mono track of all notes."""
        track = canvas()
        self.events.sort(key=lambda event: event[:2])
        for i, (start, string, midi, velocity, held, bend) in enumerate(
                self.events):
            later = [e[0] for e in self.events[i + 1:] if e[1] == string]
            until = (later[0] if later else LENGTH) - start
            if held is not None:
                until = min(until, held)
            until = max(until, 0.02)
            note = pluck(self.rng, midi, until + 0.25, velocity, **self.tone)
            if bend:
                note = vibrato(note, **bend)
            place(track, start, release(note, until, self.release_time))
        return track


# --------------------------------------------------------------------------
# The song
# --------------------------------------------------------------------------

# Guitar voicings, lowest string first, as they lie under the fingers.
GUITAR_CHORDS = {
    "Dadd9": [45, 50, 57, 62, 64],
    "Bm7": [47, 50, 57, 59, 66],
    "Gmaj7": [43, 50, 55, 59, 66],
    "Asus4": [45, 52, 57, 62, 64],
    "A": [45, 52, 57, 61, 64],
    "Em9": [40, 50, 55, 59, 66],
    "F#m7": [42, 52, 57, 61, 64],
    "D": [45, 50, 57, 62, 66],
    "A/C#": [49, 52, 57, 61, 64],
}

# Electric-piano voicings: each moves as little as it can to the next.
KEYS_CHORDS = {
    "Dadd9": [54, 57, 62, 64],
    "Bm7": [54, 57, 59, 62],
    "Gmaj7": [55, 59, 62, 66],
    "Asus4": [57, 59, 62, 64],
    "A": [57, 59, 61, 64],
    "Em9": [55, 59, 62, 66],
    "F#m7": [57, 61, 64, 66],
    "D": [54, 57, 62, 66],
    "A/C#": [52, 57, 61, 64],
}

# Chord changes: bar, beat, length in beats, name.
CHANGES = [
    (1, 1, 4, "Dadd9"), (2, 1, 4, "Bm7"), (3, 1, 4, "Gmaj7"),
    (4, 1, 2, "Asus4"), (4, 3, 2, "A"),
    (5, 1, 4, "Em9"), (6, 1, 2, "F#m7"), (6, 3, 2, "Gmaj7"),
    (7, 1, 4, "D"), (8, 1, 2, "A/C#"), (8, 3, 2, "Bm7"),
    (9, 1, 2, "Gmaj7"), (9, 3, 1, "Asus4"), (9, 4, 1, "A"),
    (10, 1, 8, "D"),
]

# Electric-piano tune of the verse: bar, beat, beats, note, velocity.
KEYS_TUNE = [
    (1, 2.5, 0.5, 69, 0.55), (1, 3.0, 1.0, 74, 0.66),
    (1, 4.0, 0.5, 76, 0.60), (1, 4.5, 1.9, 78, 0.72),
    (2, 2.5, 0.5, 76, 0.56), (2, 3.0, 1.0, 74, 0.62),
    (2, 4.0, 0.9, 71, 0.54),
    (3, 1.5, 0.5, 71, 0.52), (3, 2.0, 0.5, 74, 0.60),
    (3, 2.5, 1.4, 69, 0.58), (3, 4.0, 0.5, 71, 0.56),
    (3, 4.5, 0.5, 74, 0.62),
    (4, 1.0, 1.5, 76, 0.70), (4, 2.5, 0.5, 74, 0.58),
    (4, 3.0, 1.8, 73, 0.62),
    (5, 2.0, 0.5, 71, 0.50), (5, 2.5, 0.5, 74, 0.54),
    (5, 3.0, 1.9, 78, 0.60),
    (6, 1.0, 0.9, 76, 0.56), (6, 2.0, 0.9, 73, 0.52),
    (6, 3.0, 1.4, 74, 0.58),
    (10, 2.0, 0.5, 74, 0.46), (10, 2.5, 0.5, 78, 0.46),
    (10, 3.0, 4.5, 81, 0.50),
]

# Lead-guitar tune of the chorus: bar, beat, beats, note, velocity.
LEAD_TUNE = [
    (6, 4.0, 0.48, 69, 0.66), (6, 4.5, 0.48, 71, 0.74),
    (7, 1.0, 0.96, 74, 0.88), (7, 2.0, 0.46, 76, 0.74),
    (7, 2.5, 1.46, 78, 0.95), (7, 4.0, 0.46, 76, 0.70),
    (7, 4.5, 0.46, 74, 0.72),
    (8, 1.0, 1.44, 76, 0.90), (8, 2.5, 0.46, 73, 0.70),
    (8, 3.0, 0.96, 74, 0.84), (8, 4.0, 0.46, 71, 0.70),
    (8, 4.5, 0.46, 69, 0.72),
    (9, 1.0, 0.72, 71, 0.82), (9, 1.75, 0.72, 74, 0.82),
    (9, 2.5, 0.46, 78, 0.90), (9, 3.0, 0.96, 76, 0.90),
    (9, 4.0, 0.46, 74, 0.72), (9, 4.5, 0.46, 73, 0.78),
    (10, 1.0, 4.0, 74, 0.85),
]

# Bass line: bar, beat, beats, note, velocity.
BASS_LINE = [
    (1, 1.0, 1.4, 38, 0.90), (1, 2.5, 0.45, 38, 0.72),
    (1, 3.0, 0.9, 45, 0.82), (1, 4.0, 0.45, 42, 0.74),
    (1, 4.5, 0.45, 37, 0.76),
    (2, 1.0, 1.4, 35, 0.90), (2, 2.5, 0.45, 35, 0.72),
    (2, 3.0, 0.9, 42, 0.82), (2, 4.0, 0.45, 38, 0.74),
    (2, 4.5, 0.45, 33, 0.74),
    (3, 1.0, 1.4, 31, 0.92), (3, 2.5, 0.45, 31, 0.72),
    (3, 3.0, 0.9, 38, 0.82), (3, 4.0, 0.45, 35, 0.74),
    (3, 4.5, 0.45, 32, 0.74),
    (4, 1.0, 1.4, 33, 0.92), (4, 2.5, 0.45, 33, 0.74),
    (4, 3.0, 0.45, 40, 0.82), (4, 3.5, 0.45, 33, 0.72),
    (4, 4.0, 0.45, 37, 0.76), (4, 4.5, 0.45, 38, 0.78),
    (5, 1.0, 2.9, 40, 0.72), (5, 4.0, 0.9, 35, 0.62),
    (6, 1.0, 1.9, 42, 0.70), (6, 3.0, 1.4, 43, 0.76),
    (6, 4.5, 0.45, 37, 0.84),
    (7, 1.0, 0.7, 38, 0.95), (7, 1.75, 0.22, 38, 0.66),
    (7, 2.0, 0.45, 38, 0.78), (7, 2.5, 0.45, 38, 0.80),
    (7, 3.0, 0.9, 45, 0.88), (7, 4.0, 0.45, 42, 0.78),
    (7, 4.5, 0.45, 38, 0.80),
    (8, 1.0, 0.9, 37, 0.92), (8, 2.0, 0.45, 37, 0.76),
    (8, 2.5, 0.45, 33, 0.80), (8, 3.0, 0.7, 35, 0.92),
    (8, 3.75, 0.22, 35, 0.66), (8, 4.0, 0.45, 35, 0.76),
    (8, 4.5, 0.45, 33, 0.80),
    (9, 1.0, 0.9, 31, 0.95), (9, 2.0, 0.45, 31, 0.78),
    (9, 2.5, 0.45, 38, 0.80), (9, 3.0, 0.9, 33, 0.92),
    (9, 4.0, 0.45, 33, 0.78), (9, 4.5, 0.45, 37, 0.84),
    (10, 1.0, 4.2, 38, 0.92),
]


def play_guitar():
    """Return the guitar stem: a rhythm and a lead guitar."""
    rng = rng_for("guitar")
    rhythm = Strings(rng, position=0.17, t60=3.0, damping=0.36, colour=3600.0)
    # Picked pattern in eighth notes: indices into the voicing; the first
    # eighth is a pinch of thumb and finger.
    picking = [(0, 4), (2,), (3,), (1,), (4,), (2,), (3,), (1,)]
    for bar, beat, beats, name in CHANGES:
        chord = GUITAR_CHORDS[name]
        if bar <= 6:
            soft = 0.80 if bar >= 5 else 1.0
            for i in range(int(beats * 2)):
                when = at(bar, beat + 0.5 * i)
                for k in picking[i % 8]:
                    accent = 0.95 if i % 4 == 0 else 0.78
                    velocity = accent * soft + rng.uniform(-0.06, 0.06)
                    rhythm.play(when + rng.normal(0.0, 0.004), k, chord[k],
                                velocity)
        elif bar <= 9:
            # Strumming: beat offset, direction, accent.
            strokes = [(0.0, 1, 0.74), (1.0, 1, 0.64), (1.5, -1, 0.52),
                       (2.5, -1, 0.56), (3.0, 1, 0.66), (3.5, -1, 0.52)]
            if beat == 3:
                strokes.insert(3, (2.0, 1, 0.64))
            for offset, direction, accent in strokes:
                # Strokes belong to the bar; take those under this chord.
                inside = offset - (beat - 1)
                if not 0.0 <= inside < beats:
                    continue
                when = at(bar, 1 + offset) + rng.normal(0.0, 0.004)
                order = range(5) if direction > 0 else (4, 3, 2)
                spread = rng.uniform(0.006, 0.011)
                for rank, k in enumerate(order):
                    velocity = (accent * (1.0 - 0.05 * rank)
                                + rng.uniform(-0.05, 0.05))
                    rhythm.play(when + rank * spread, k, chord[k], velocity)
        else:
            for k, midi in enumerate(chord):
                rhythm.play(at(bar, beat) + 0.032 * k, k, midi,
                            0.72 - 0.03 * k)
    lead = Strings(rng, position=0.11, t60=4.5, damping=0.22, colour=3000.0,
                   detune=1.2)
    for bar, beat, beats, midi, velocity in LEAD_TUNE:
        long_note = beats >= 0.9
        bend = {"rate": 5.3 + rng.uniform(-0.3, 0.3),
                "depth_cents": 16.0 if long_note else 0.0,
                "onset": 0.22,
                "scoop_cents": 70.0 if velocity > 0.87 else 12.0}
        lead.play(at(bar, beat) + rng.normal(0.004, 0.005), 0, midi, velocity,
                  beats * BEAT, bend)
    backing = amplifier(1.1 * rhythm.render(), 2.0, 3400.0)
    solo = amplifier(0.95 * lead.render(), 3.0, 2800.0)
    dry = pan(backing, -0.34) + pan(solo, -0.18)
    return room(dry, "guitar", -12.0, size=1.1, decay=0.40, dark=3500.0)


def amplifier(x, drive, top):
    """Pass a guitar through pickup and body tone, a warm amp and a speaker."""
    x = highpass(x, 75.0, 2)
    x = resonance(x, 112.0, 1.6, 2.5)
    x = resonance(x, 215.0, 1.8, 2.0)
    x = resonance(x, 430.0, 1.2, -2.0)
    x = resonance(x, 2300.0, 0.8, 2.5)
    x = tube(x, drive)
    return lowpass(x, top, 4)


def play_bass():
    """Return the bass stem: a plucked bass in the centre."""
    rng = rng_for("bass")
    bass = Strings(rng, release_time=0.035, position=0.24, t60=5.0,
                   damping=0.45, colour=1800.0, detune=0.5)
    for bar, beat, beats, midi, velocity in BASS_LINE:
        bass.play(at(bar, beat) + rng.normal(0.003, 0.003), 0, midi,
                  velocity + rng.uniform(-0.04, 0.04), beats * BEAT)
    x = highpass(bass.render(), 32.0, 2)
    x = resonance(x, 85.0, 0.9, 2.5)
    x = resonance(x, 800.0, 0.9, 4.0)
    x = lowpass(tube(x, 1.8, 0.12), 2000.0, 4)
    return pan(-x, 0.0)      # in this polarity the mix peaks lowest


def kick(velocity):
    """Return a bass drum: a sine that falls in pitch, and a soft beater."""
    t = seconds(0.42)
    phase = 2.0 * np.pi * (49.0 * t + 118.0 * 0.026 * (1 - np.exp(-t / 0.026)))
    body = np.sin(phase) * np.exp(-t / 0.115) * np.clip(t / 0.001, 0.0, 1.0)
    click = np.sin(2.0 * np.pi * 1400.0 * t) * np.exp(-t / 0.0028)
    fade = np.clip((0.42 - t) / 0.08, 0.0, 1.0)
    return velocity * np.tanh(1.7 * body + 0.22 * velocity * click) * fade


def snare(rng, velocity):
    """Return a snare drum: two drumhead modes and filtered wire noise."""
    t = seconds(0.38)
    bend = 1.0 + 0.14 * np.exp(-t / 0.018)
    phase = 2.0 * np.pi * np.cumsum(bend) / SR
    head = (np.sin(188.0 * phase) * np.exp(-t / 0.075)
            + 0.6 * np.sin(331.0 * phase) * np.exp(-t / 0.050))
    noise = rng.standard_normal(len(t))
    wires = (bandpass(noise, 1300.0, 4800.0, 2) * np.exp(-t / 0.070)
             + 0.35 * bandpass(noise, 3500.0, 7500.0, 2) * np.exp(-t / 0.045))
    attack = np.clip(t / 0.0008, 0.0, 1.0)
    fade = np.clip((0.38 - t) / 0.1, 0.0, 1.0)
    sound = 0.62 * head + 0.95 * (0.4 + 0.6 * velocity) * wires
    return velocity * np.tanh(0.95 * sound * attack) * fade


def metal(rng, duration, decay, low, high):
    """Return band-passed metallic noise, as of a cymbal."""
    t = seconds(duration)
    x = np.zeros(len(t))
    # Inharmonic partials, each frequency-modulated by the next.
    partials = np.array([317.0, 465.0, 543.0, 810.0, 1123.0, 1481.0]) * 5.3
    for i, freq in enumerate(partials):
        other = partials[(i + 1) % len(partials)] * 0.731
        shift = rng.uniform(0.0, 2.0 * np.pi)
        x += np.sin(2.0 * np.pi * freq * t
                    + 2.2 * np.sin(2.0 * np.pi * other * t + shift))
    x = 0.28 * x + 0.45 * rng.standard_normal(len(t))
    x = bandpass(x, low, high, 3)
    envelope = np.exp(-t / decay) * np.clip(t / 0.0012, 0.0, 1.0)
    return x * envelope * np.clip((duration - t) / 0.02, 0.0, 1.0)


def tom(midi, velocity):
    """Return a tom: a damped sine with a small fall in pitch."""
    t = seconds(0.5)
    freq = hertz(midi)
    phase = 2.0 * np.pi * freq * (t + 0.35 * 0.03 * (1 - np.exp(-t / 0.03)))
    body = np.sin(phase) + 0.25 * np.sin(1.59 * phase) * np.exp(-t / 0.05)
    fade = np.clip((0.5 - t) / 0.1, 0.0, 1.0) * np.clip(t / 0.001, 0.0, 1.0)
    return velocity * np.tanh(1.2 * body * np.exp(-t / 0.13)) * fade


def play_drums():
    """Return the drum stem."""
    rng = rng_for("drums")
    centre, hats, toms = canvas(), canvas(), np.zeros((len(canvas()), 2))

    def human(bar, beat, late=0.0):
        return at(bar, beat) + late + rng.normal(0.0, 0.002)

    kicks = {1: [1, 2.5, 3], 2: [1, 2.5, 3.5], 3: [1, 2.5, 3],
             4: [1, 2.5, 3, 4.5], 6: [4.5],
             7: [1, 1.75, 2.5, 3], 8: [1, 2.5, 3, 3.75], 9: [1, 2.5, 3],
             10: [1]}
    for bar, beats in kicks.items():
        for beat in beats:
            velocity = 0.95 if beat == 1 else 0.80
            place(centre, human(bar, beat),
                  0.92 * kick(velocity + rng.uniform(-0.04, 0.04)))
    groove = [1, 2, 3, 4, 7, 8, 9]
    for bar in groove:
        loud = 0.92 if bar >= 7 else 0.80
        for beat in (2, 4):
            place(centre, human(bar, beat, 0.006),
                  0.80 * snare(rng, loud + rng.uniform(-0.04, 0.04)))
        for beat in (2.75, 4.75) if bar % 2 == 0 else (3.75,):
            place(centre, human(bar, beat, 0.004),
                  0.80 * snare(rng, 0.20 + rng.uniform(-0.04, 0.04)))
        # Hats in eighths; in the chorus the up-beats open a little.
        for i in range(8):
            beat = 1 + 0.5 * i
            opens = (beat == 4.5 and bar in (2, 4)) or (
                bar >= 7 and beat in (2.5, 4.5))
            accent = 1.0 if i % 2 == 0 else 0.62
            velocity = accent * rng.uniform(0.85, 1.0)
            if opens:
                sound = metal(rng, 0.5 * BEAT, 0.12, 6000.0, 10500.0)
            else:
                decay = 0.032 if i % 2 == 0 else 0.022
                sound = metal(rng, 0.18, decay, 6200.0, 10500.0)
            place(hats, human(bar, beat), 0.23 * velocity * sound)
    # Fill out of the break: snare and toms on the last beat and a half.
    for beat, velocity in [(3.5, 0.42), (3.75, 0.50), (4.0, 0.66)]:
        place(centre, human(6, beat), 0.80 * snare(rng, velocity))
    for beat, midi, side in [(4.25, 50, -0.3), (4.5, 46, 0.0),
                             (4.75, 41, 0.35)]:
        place(toms, human(6, beat), pan(0.62 * tom(midi, 0.85), side))
    # Crashes into the chorus and on the last chord.
    crash = np.zeros((len(hats), 2))
    for bar, side in [(7, -0.10), (10, -0.10)]:
        sound = metal(rng, 1.8, 0.30, 3400.0, 9000.0)
        place(crash, human(bar, 1), pan(0.20 * sound, side))
    dry = pan(centre, 0.0) + pan(hats, 0.07) + toms + crash
    return room(dry, "drums", -13.0, size=0.8, decay=0.26, dark=3600.0,
                width=0.45)


def electric_piano(rng, midi, held, velocity):
    """Return one note of a two-operator-pair FM electric piano.

    The first pair (ratio 1:1) is the body, whose modulation index grows with
    velocity and falls with pitch; the second (1:14, or lower for high notes)
    is the short chime of the tine.
    """
    freq = hertz(midi)
    t = seconds(held + 0.5)
    ring = 1.9 * (60.0 / midi) ** 2
    index = 2.6 * velocity ** 1.4 * (60.0 / midi) ** 2.2
    index = index * (0.35 + 0.65 * np.exp(-t / (0.35 * ring)))
    modulator = np.sin(2.0 * np.pi * freq * 1.0007 * t)
    body = np.sin(2.0 * np.pi * freq * t + index * modulator)
    ratio = 14.0 if freq * 14.0 < 7000.0 else 7.0
    chime = 0.80 * velocity * np.exp(-t / 0.075) * np.sin(
        2.0 * np.pi * freq * ratio * t)
    tine = np.sin(2.0 * np.pi * freq * 0.9995 * t + 0.7 * chime)
    note = (0.68 * body + 0.32 * tine) * np.exp(-t / ring)
    thump = lowpass(rng.standard_normal(len(t)), 500.0, 2)
    note += 0.25 * velocity * thump * np.exp(-t / 0.012)
    note *= 0.5 - 0.5 * np.cos(np.pi * np.clip(t / 0.004, 0.0, 1.0))
    return 0.2 * velocity ** 1.2 * release(note, held, 0.06)


def play_keys():
    """Return the electric-piano stem, with slow tremolo panning."""
    rng = rng_for("keys")
    track = canvas()

    def play(bar, beat, beats, midi, velocity):
        velocity = float(np.clip(velocity + rng.uniform(-0.05, 0.05), 0.1, 1))
        place(track, at(bar, beat) + rng.normal(0.002, 0.005),
              electric_piano(rng, midi, beats * BEAT, velocity))

    for bar, beat, beats, name in CHANGES:
        chord = KEYS_CHORDS[name]
        if bar in (5, 6, 10):
            hits = [(0.0, beats - 0.1, 0.50)]
        elif beats == 4 and bar < 7:
            hits = [(0.0, 1.4, 0.55), (1.5, 2.3, 0.48)]
        elif beats == 4:
            hits = [(0.0, 0.9, 0.66), (1.5, 0.9, 0.60), (3.0, 0.9, 0.58)]
        elif beats == 2:
            hits = [(0.0, 1.3, 0.58), (1.5, 0.45, 0.50)]
        else:
            hits = [(0.0, 0.9, 0.55)]
        for offset, length, velocity in hits:
            for midi in chord:
                play(bar, beat + offset, length, midi, velocity)
    for bar, beat, beats, midi, velocity in KEYS_TUNE:
        play(bar, beat, beats, midi, velocity + 0.12)
    track = lowpass(resonance(track, 1900.0, 0.7, 5.0), 6500.0, 2)
    # The tremolo swings about a place right of the centre.
    t = np.arange(len(track)) / SR
    angle = (1.36 + 0.24 * np.sin(2.0 * np.pi * 1.6667 * t)) * np.pi / 4.0
    dry = track[:, None] * np.sqrt(2.0) * np.stack(
        [np.cos(angle), np.sin(angle)], axis=1)
    return room(dry, "keys", -13.0, size=1.2, decay=0.40, dark=3200.0)


# --------------------------------------------------------------------------
# Output
# --------------------------------------------------------------------------

def finish(stem):
    """Remove any offset from a stem and fade its last tail."""
    t = np.arange(len(stem)) / SR
    ease = np.clip((LENGTH - t) / FADE, 0.0, 1.0)
    fade = 0.5 - 0.5 * np.cos(np.pi * ease)
    return highpass(stem, 20.0, 1) * fade[:, None]


def quantise(stem, name):
    """Return the stem as integer multiples of STEP, with TPDF dither.

    Mid and side are quantised rather than left and right: left = mid + side
    and right = mid - side are integers too, and smaller to store.  A stem
    whose channels are equal has no side, and none is added.  Where a stem is
    silent (below one 16-bit step for a while) it is exactly zero.
    """
    rng = rng_for("dither-" + name)
    scaled = stem * 32768.0 / STEP
    mid = 0.5 * (scaled[:, 0] + scaled[:, 1])
    side = 0.5 * (scaled[:, 0] - scaled[:, 1])

    def dithered(x):
        noise = rng.random(len(x)) - rng.random(len(x))
        return np.floor(x + noise + 0.5).astype(np.int32)

    mid_steps = dithered(mid)
    side_steps = dithered(side) if side.any() else np.zeros_like(mid_steps)
    window = int(0.1 * SR)
    loud = np.abs(scaled).max(axis=1) > 1.0 / STEP
    near = np.convolve(loud, np.ones(window), "same") > 0.5
    steps = np.stack([mid_steps + side_steps, mid_steps - side_steps], axis=1)
    return steps * near[:, None] * STEP


def rms_db(x):
    """Return the RMS level in dB, over all samples and channels."""
    return 20.0 * np.log10(np.sqrt(np.mean(np.square(x))) + 1e-12)


def write(path, samples, **tags):
    """Write 16-bit integers as FLAC.

    Where the `flac` tool is at hand it packs the file a little tighter; the
    samples and tags stay the same.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with sf.SoundFile(path, "w", SR, 2, "PCM_16", format="FLAC",
                      compression_level=1.0) as file:
        for key, value in tags.items():
            setattr(file, key, value)
        file.write(samples.astype(np.int16))
    if shutil.which("flac"):
        subprocess.run(["flac", "--silent", "--force", "-8", "-e",
                        "--no-padding", str(path), "-o", str(path)],
                       check=True)


def main():
    """Render, balance, quantise, write and check the song."""
    here = Path(__file__).resolve().parent
    print("python", platform.python_version(), "numpy", np.__version__,
          "scipy", scipy.__version__, "soundfile", sf.__version__,
          sf.__libsndfile_version__)
    parts = {"guitar": play_guitar, "bass": play_bass, "drums": play_drums,
             "keys": play_keys}
    stems = {}
    for name, play in parts.items():
        stem = finish(play())
        stems[name] = stem * db(BALANCE_DB[name] - rms_db(stem))
    # The only "mastering" is one constant gain for everything.
    gain = db(PEAK_DBFS) / np.abs(sum(stems.values())).max()
    print(f"master gain {20.0 * np.log10(gain):+.2f} dB")
    stems = {name: quantise(stem * gain, name)
             for name, stem in stems.items()}
    mix = sum(stems.values())
    for samples in (mix, *stems.values()):
        assert np.abs(samples).max() < 32767, "clipped"

    files = {here / "long-way-home.flac": mix}
    files.update({here / "stems" / f"{name}.flac": samples
                  for name, samples in stems.items()})
    write(here / "long-way-home.flac", mix, title=TITLE, artist=ARTIST)
    for name, samples in stems.items():
        write(here / "stems" / f"{name}.flac", samples)

    total = 0
    decoded = {}
    for path in files:
        decoded[path.stem], rate = sf.read(path, dtype="int16")
        x = decoded[path.stem] / 32768.0
        size = path.stat().st_size
        total += size
        print(f"{path.stem:14s} {len(x) / rate:6.2f} s {size:9d} bytes  "
              f"peak {20.0 * np.log10(np.abs(x).max()):6.2f} dBFS  "
              f"rms {rms_db(x):6.2f} dBFS")
    again = sum(decoded[name].astype(np.int32) for name in stems)
    assert np.array_equal(again, decoded["long-way-home"]), "mix differs"
    print(f"total {total} bytes; mix equals the sum of the stems")


if __name__ == "__main__":
    main()
