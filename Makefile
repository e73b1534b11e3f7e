# make deps build test demo bench lint format install; make help says what each does.
BUILD   ?= build
JOBS    ?= $(shell nproc)
PREFIX  ?= $(HOME)/.local
CONFIG  ?=
TOOLS   := hpo-init hpo-propose hpo-train hpo-collect hpo-promote
SOURCES  = $(shell git ls-files '*.cpp' '*.hpp' '*.cu')

.PHONY: help deps configure build tools test demo bench lint format docs install clean
help:
	@echo 'make deps      install what is missing (apt), or say what to install'
	@echo 'make build     build everything            make test    run all tests'
	@echo 'make demo      a real study on this machine: Fashion-MNIST, 27 configurations, 2 MPI ranks each'
	@echo 'make bench     speed, as ratios to stated floors and rivals'
	@echo 'make lint      clang-format, clang-tidy    make format  apply clang-format'
	@echo 'make install   to PREFIX=$(PREFIX)'

deps:
	@cmake/deps.sh

configure: deps
	@cmake -S . -B $(BUILD) $(if $(wildcard $(BUILD)/CMakeCache.txt),,$(shell command -v ninja >/dev/null && echo -G Ninja)) $(CONFIG)

build: configure
	@cmake --build $(BUILD) --parallel $(JOBS)

tools: configure
	@cmake --build $(BUILD) --parallel $(JOBS) --target $(TOOLS)

test: build
	@cd $(BUILD) && ctest --output-on-failure --parallel $(JOBS) $(CTEST_ARGS)

demo: tools
	@examples/fashion-mnist/run.sh $(abspath $(BUILD)/bin) demo

bench: build
	@tests/bench/run.sh $(BUILD)

lint: configure
	@for tool in clang-format run-clang-tidy; do command -v $$tool >/dev/null || \
	  { echo "make lint needs $$tool: apt install clang-format clang-tidy"; exit 1; }; done
	@clang-format --dry-run --Werror $(SOURCES)
	@run-clang-tidy -quiet -p $(BUILD) -j $(JOBS) '/(lib|tools)/.*\.cpp$$'

format:
	@clang-format -i $(SOURCES)

# The page of each tool is its help; a test compares them.
docs: tools
	@for tool in $(TOOLS); do { printf '# %s\n\n```\n' $$tool; $(BUILD)/bin/$$tool --help; printf '```\n'; } > docs/$$tool.md; done

install: tools
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	@rm -rf $(BUILD) demo
