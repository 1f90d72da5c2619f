# Every target does the set-up it needs. On a machine with Swift 6.2, Python 3, make and git: `make demo`, `make test`.
# LIBTORCH=/path uses that libtorch (a folder with include/ and lib/) instead of installing one.

SWIFT ?= swift
# More words for `swift build` and `swift test`, such as --jobs 2.
BUILD_FLAGS ?=
TEST_FLAGS ?=
BENCH_FLAGS ?=
PRODUCT = .build/release/unetrpp
# Swift's library inside the program, as the portable build needs it: so the two share what is compiled.
ifeq ($(shell uname -s),Linux)
RELEASE_FLAGS = --static-swift-stdlib
endif

# The targets share one build folder, and the Swift package manager already uses all cores.
.NOTPARALLEL:
.PHONY: help setup codecs build test service worker service-test page check-page check sanitize fuzz demo bench doctor portable consumer clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo      set up, build, and segment the shipped scans with the shipped model; pictures in demo-output/'
	@echo 'make test      set up and run all tests (TEST_FLAGS="--filter VolumesTests" for some)'
	@echo 'make check     formatting, imports and texts: what reviewers should not have to look for'
	@echo 'make build     the release build, $(PRODUCT)'
	@echo 'make service   what talks over a network, `unetrpp pacs` and `unetrpp serve`: beside $(PRODUCT)'
	@echo 'make worker    a worker for `unetrpp serve` that needs no libtorch, but OpenVINO: unetrpp-worker, beside $(PRODUCT)'
	@echo 'make service-test   tests of that; with a real archive where Orthanc is installed'
	@echo 'make page      the page of `unetrpp serve`, beside it (WHEEL=FILE: with this ipyniivue instead of the package index'"'"'s)'
	@echo 'make check-page   that page in Chromium, which must be installed'
	@echo 'make bench     time the forward pass and the training step on this machine'
	@echo 'make doctor    versions, devices, and what is wrong'
	@echo 'make portable  a build for other machines, in dist/'
	@echo 'make consumer  build and run the example package that depends on this one'
	@echo 'make fuzz      MINUTES=5: try random inputs on the readers of files, each of them for so long (Fuzz/README.md)'
	@echo 'make sanitize  tests without libtorch and the C++ kernels under the sanitizers (SANITIZE_FLAGS=--quick: address and undefined behavior)'
	@echo 'make setup     only the set-up: libtorch into .libtorch (LIBTORCH=/path: use that one)'
	@echo 'make codecs    libraries for compressed DICOM pixels (OpenJPEG, CharLS) into .libtorch, where the system has none'
	@echo 'make clean     remove what was built; .libtorch stays'

setup:
	@Scripts/setup

codecs:
	@Scripts/setup --codecs

build: setup
	$(SWIFT) build -c release --product unetrpp $(RELEASE_FLAGS) $(BUILD_FLAGS)

# Many tests compute at once: threads that wait should sleep, and the C allocator should keep the large blocks that all of them use.
TEST_ENVIRONMENT = OMP_WAIT_POLICY=passive \
	GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=1073741824

test: setup
	$(TEST_ENVIRONMENT) $(SWIFT) test $(BUILD_FLAGS) $(TEST_FLAGS)

# A package of its own (Service/Package.swift), which needs no libtorch, but SQLite's headers (Debian: libsqlite3-dev).
service:
	for program in unetrpp-pacs unetrpp-serve; do \
		$(SWIFT) build --package-path Service -c release --product $$program $(RELEASE_FLAGS) $(BUILD_FLAGS) || exit 1; \
	done
	folder=$$($(SWIFT) build -c release --show-bin-path) && mkdir -p "$$folder" && cp Service/.build/release/unetrpp-pacs Service/.build/release/unetrpp-serve "$$folder/"

# A worker without libtorch.
worker:
	$(SWIFT) build -c release --product unetrpp-worker $(RELEASE_FLAGS) $(BUILD_FLAGS)

service-test:
	$(SWIFT) test --package-path Service $(BUILD_FLAGS) $(TEST_FLAGS)

# The viewer comes from a wheel; nothing is compiled.
page:
	Scripts/setup-page "$$($(SWIFT) build -c release --show-bin-path)/page" $(if $(WHEEL),--wheel $(WHEEL))

check-page:
	Scripts/check-page $(if $(WHEEL),--wheel $(WHEEL))

# Needs no build.
check:
	Scripts/check-style

sanitize: setup
	Scripts/sanitize $(SANITIZE_FLAGS)

demo: build
	$(PRODUCT) demo --output demo-output --force

bench: build
	$(PRODUCT) benchmark --precision float32 $(BENCH_FLAGS)
	$(PRODUCT) benchmark --precision bfloat16 $(BENCH_FLAGS)
	-$(PRODUCT) benchmark --precision float32 --engine compiled $(BENCH_FLAGS)
	-$(PRODUCT) benchmark --precision bfloat16 --engine compiled $(BENCH_FLAGS)
	-$(PRODUCT) benchmark --precision bfloat16 --engine compiled --eight-bits $(BENCH_FLAGS)
	$(PRODUCT) benchmark --precision float32 --train --batch 2 $(BENCH_FLAGS)
	$(PRODUCT) benchmark --precision bfloat16 --train --batch 2 $(BENCH_FLAGS)

doctor: build
	$(PRODUCT) doctor

portable: setup
	Scripts/portable $(BUILD_FLAGS)

consumer: setup
	Scripts/check-consumer $(BUILD_FLAGS)

# Needs no libtorch.
MINUTES ?= 5
fuzz:
	Scripts/fuzz --seconds $$(($(MINUTES) * 60)) --seed 0 --corpus .build/corpus $(TARGETS)

clean:
	rm -rf .build .build-asan .build-tsan Service/.build dist demo-output
