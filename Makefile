# make deps build test test-slurm demo bench lint format install; make help says what each does.
BUILD   ?= build
JOBS    ?= $(shell nproc)
PREFIX  ?= $(HOME)/.local
CONFIG  ?=
TOOLS   := hpo-init hpo-propose hpo-train hpo-collect hpo-promote
SOURCES  = $(shell git ls-files '*.cpp' '*.hpp' '*.cu')

.PHONY: help deps configure build tools test test-slurm demo bench bench-search bench-slurm bench-scale search-adapter gpu-check gpu-bundle lint format docs install clean
help:
	@echo 'make deps      install what is missing (apt), or say what to install'
	@echo 'make build     build everything            make test    run all tests but the next ones'
	@echo 'make test-slurm   run whole studies on private Slurm clusters (installs slurmctld, slurmd ...; starts none of them)'
	@echo 'make demo      a real study on this machine: Fashion-MNIST, 27 configurations, 2 MPI ranks each'
	@echo 'make demo SLURM=1   the same as job arrays on a private Slurm cluster of 4 pretended nodes'
	@echo 'make bench     speed, as ratios to stated floors and rivals'
	@echo 'make bench-search  search quality: recorded learning curves (BENCH=folder) and classic functions; hours. QUICK=1: a look'
	@echo 'make bench-slurm   what a task costs beside its training, on a private Slurm cluster'
	@echo 'make bench-scale   what ten thousand tasks cost, and 2,000 on a private Slurm of 200 nodes'
	@echo 'make gpu-check the GPU half built, tested and measured beside PyTorch on a machine with a GPU, in under 8 minutes'
	@echo 'make gpu-bundle    packs it for a machine that can neither build nor install; there: make gpu-check BUNDLE=folder'
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
	@cd $(BUILD) && ctest --output-on-failure --parallel $(JOBS) --label-exclude '^slurm$$' $(CTEST_ARGS)

# Two at a time: they wait more than they work. Where there can be no such cluster they are skipped, and say why.
test-slurm: build
	@cmake/deps.sh slurm || :
	@cd $(BUILD) && ctest --output-on-failure --parallel 3 --label-regex '^slurm$$' $(CTEST_ARGS); rc=$$?; \
	grep -o "skipped '.*" Testing/Temporary/LastTest.log | sort -u; exit $$rc

demo: tools
ifeq ($(SLURM),1)
	@cmake/deps.sh slurm
	@HPO_LOCAL= POLL=$${POLL:-2} tests/slurm/cluster with 4 examples/fashion-mnist/run.sh $(abspath $(BUILD)/bin) demo/slurm
else
	@examples/fashion-mnist/run.sh $(abspath $(BUILD)/bin) demo
endif

bench: build
	@tests/bench/run.sh $(BUILD)

# Some minutes, and the machine to itself.
bench-scale: tools
	@cmake/deps.sh slurm
	@python3 tests/bench/slurm_scale.py $(BUILD)/bin

bench-slurm: tools
	@cmake/deps.sh slurm
	@tests/bench/slurm_overhead.py $(BUILD)

# A study in memory behind a protocol of JSON lines, for benchmarks of search quality: $(BUILD)/search-adapter.
search-adapter: configure
	@cmake --build $(BUILD) --parallel $(JOBS) --target search-adapter

# Goes on where it was stopped; remove $(BUILD)/bench-search/ROW.jsonl to have a row run again. PYTHON: where numpy, and Optuna to compare with, are.
BENCH  ?= ../shared/bench
SEEDS  ?= 10
PYTHON ?= python3
bench-search: search-adapter
	@python3 tests/bench/search.py $(if $(BENCH),--bench $(BENCH)) --build $(BUILD) --seeds $(SEEDS) --jobs $(JOBS) --python $(PYTHON) $(if $(QUICK),--quick) $(SEARCH_ARGS)

# docs/gpu.md has what came out; INTO=docs/gpu.md puts a new table there. It says what the machine lacks, and how to bring it.
gpu-check:
	@python3 tests/gpu/check.py $(if $(BUNDLE),--bundle $(BUNDLE)) $(if $(INTO),--into $(INTO)) $(GPU_ARGS)

gpu-bundle: BUNDLE ?= build-gpu/bundle
gpu-bundle: deps
	@python3 tests/gpu/bundle.py $(BUNDLE)

lint: configure
	@for tool in clang-format run-clang-tidy; do command -v $$tool >/dev/null || \
	  { echo "make lint needs $$tool: apt install clang-format clang-tidy"; exit 1; }; done
	@clang-format --dry-run --Werror $(SOURCES)
	@run-clang-tidy -quiet -p $(BUILD) -j $(JOBS) '/(lib|tools)/.*\.cpp$$'

format:
	@clang-format -i $(SOURCES)

# The page of each tool is its help; a test compares them.
docs: tools
	@for tool in $(TOOLS); do { printf '# %s\n\n```\n' $$tool; $(BUILD)/bin/$$tool --help; printf '```\n'; \
		case $$tool in hpo-propose | hpo-promote) printf '\n`%s --list`:\n\n```\n' $$tool; $(BUILD)/bin/$$tool --list; printf '```\n' ;; esac; } > docs/$$tool.md; done

install: tools
	@cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	@rm -rf $(BUILD) demo
