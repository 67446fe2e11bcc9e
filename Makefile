# make run    builds everything and opens the example song in the window
# make test   format, lints and every test
# make bench  speed and memory beside librosa and bare ONNX Runtime
# make screens  a picture of every state of the window, into target/screens

SHELL := /bin/bash
BINARY := target/release/stemloom
EXAMPLE := assets/example/long-way-home.flac
PACKAGES := build-essential cmake pkg-config libasound2-dev python3 python3-venv python3-pip
DISPLAY_PACKAGES := mesa-vulkan-drivers libxkbcommon-x11-0 libxkbcommon0 libwayland-client0

# ONNX Runtime into the data folder, unless there is one.
RUNTIME = if ! $(BINARY) runtime status --json | grep -q '"usable":true'; then $(BINARY) runtime install; fi

.PHONY: run test bench screens packages display-packages build

run: build
	@$(RUNTIME)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
	  exec $(BINARY) $(EXAMPLE); \
	else \
	  echo "No display: separating the example into target/example instead."; \
	  rm -rf target/example && mkdir -p target/example && \
	  $(BINARY) separate $(EXAMPLE) --model hpss --out target/example --pictures --json \
	    | tee target/example/report.jsonl | tail -n 1 && \
	  echo "Stems, pictures and report.jsonl are in target/example"; \
	fi

# All targets at once: building the program alone first would build the toolkit twice.
test: packages display-packages
	cargo fmt --check
	cargo build --release --bins --tests --locked
	@$(RUNTIME)
	cargo clippy --release --all-targets --locked -- -D warnings
	cargo test --release --locked

bench: build
	cargo bench --locked --bench bench

screens: build display-packages
	./assets/screens.sh

build: packages
	cargo build --release --locked

# Debian's packages where root or sudo is there; otherwise they are named.
define install
	@missing=""; for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  if ! command -v dpkg >/dev/null; then :; \
	  elif [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	  elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	  else echo "Please install:$$missing"; exit 1; fi; \
	fi
endef

packages:
	$(call install,$(PACKAGES))

display-packages:
	$(call install,$(DISPLAY_PACKAGES) xvfb imagemagick xdotool)
