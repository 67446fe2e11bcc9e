#!/usr/bin/env bash
# A picture of every state of the window, into target/screens. Needs Xvfb, ImageMagick, xdotool.
set -euo pipefail
cd "$(dirname "$0")/.."
out=target/screens
home=$(mktemp -d)
mkdir -p "$out"
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$home"
}
trap cleanup EXIT

display=$(for n in $(seq 71 99); do [ -e "/tmp/.X$n-lock" ] || { echo ":$n"; break; }; done)
Xvfb "$display" -screen 0 1280x800x24 >/dev/null 2>&1 &
pids+=($!)
sleep 1
export DISPLAY=$display STEMLOOM_HOME=$home
mkdir -p "$home/data"
# The runtime that is installed already serves here too.
installed=${XDG_DATA_HOME:-$HOME/.local/share}/stemloom/onnxruntime
[ -d "$installed" ] && ln -s "$installed" "$home/data/onnxruntime"

start() {
  target/release/stemloom "$@" >/dev/null 2>&1 &
  app=$!
  pids+=("$app")
  for _ in $(seq 100); do
    window=$(xdotool search --onlyvisible --name '^Stemloom$' 2>/dev/null | head -n 1 || true)
    [ -n "$window" ] && break
    sleep 0.1
  done
  sleep "${settle:-3}"
  xdotool windowfocus "$window"
  sleep 0.3
}
stop() {
  kill "$app" 2>/dev/null || true
  wait "$app" 2>/dev/null || true
}
shot() {
  sleep "${2:-0.7}"
  import -window root "$out/$1.png"
  echo "$out/$1.png"
}
press() { xdotool key "$@"; }

start
shot empty
press F1
shot help
press Escape
press ctrl+k
shot palette
press Escape
stop

start assets/example/long-way-home.flac
shot song
xdotool mousemove 520 300
press ctrl+Return
sleep 4
xdotool mousemove 640 350
shot stems 4
xdotool mousemove 500 330 mousedown 1
sleep 0.3
xdotool mousemove 600 332
sleep 0.3
xdotool mousemove 740 334
sleep 0.3
xdotool mouseup 1
sleep 0.3
press l
shot selection
press z
shot zoom 1.5
press 0
press ctrl+e
shot export
press Escape
sleep 0.4
press ctrl+comma
shot settings
press ctrl+comma
sleep 0.3
press ctrl+shift+l
shot light 2
press F2
shot light-waveforms 1
stop

# One song's magnitudes to sound again, by several methods, and how they compare.
rm -rf "$home/config"
start assets/example/long-way-home.flac
press alt+2
shot reconstruct 1
press ctrl+shift+r
shot reconstruct-running 2
sleep 20
press ctrl+2
sleep 1
press 2
press alt+a
press 7
press alt+b
shot listen 4
press t
shot listen-abx 1
press x
press shift+a
press t
press n
shot listen-result 1
stop

# Many songs: copies of the example, and one that is broken.
mkdir -p "$home/Night" "$home/config"
for n in 1 2 3 4 5 6 7 8; do cp assets/example/long-way-home.flac "$home/Night/0$n song.flac"; done
echo "this is no music" > "$home/Night/09 broken.mp3"
python3 - "$home" <<'END'
import json, pathlib, sys
home = pathlib.Path(sys.argv[1])
songs = [
    {"entry": {"input": str(path), "folder": "Night"}, "state": "waiting", "seconds": 20.1, "message": ""}
    for path in sorted((home / "Night").iterdir())
]
form = {"songs": songs, "out": str(home / "stems")}
(home / "config" / "batch.json").write_text(json.dumps(form))
END
start
press ctrl+5
shot batch
press ctrl+shift+b
shot batch-running 0.8
shot batch-over 6
stop

broken="$home/broken song.mp3"
echo "this is no music" > "$broken"
start "$broken"
shot error
