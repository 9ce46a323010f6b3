# Every target works from a fresh clone: it makes the virtual environment that it needs first.
PYTHON ?= python3
BIN := .venv/bin

# The pins hold for build requirements too, which `pip install -c` would leave out.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# $(call install,ENVIRONMENT,WHAT): makes the environment if it is not there, and installs WHAT into it.
define install
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet $(2)
	touch $(1)/.installed
endef

# Compiling the kernels again after a change to them, without installing anything. The environment's CMake and Ninja do it.
KERNELS := $(wildcard src/gradiente/kernels/native/*.cc src/gradiente/kernels/native/*.h) \
  CMakeLists.txt src/gradiente/kernels/native/CMakeLists.txt

.venv/.kernels: .venv/.installed $(KERNELS)
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/kernels -G Ninja --fresh >/dev/null
	$(BIN)/cmake --build build/kernels
	$(BIN)/cmake --install build/kernels --prefix src/gradiente/kernels >/dev/null
	touch $@

.PHONY: kernels demo test smoke check format bench oracle sanitize docs clean distclean
.DEFAULT_GOAL := test

.venv/.installed: pyproject.toml constraints.txt
	$(call install,.venv,--editable '.[dev]')

.venv-docs/.installed: pyproject.toml constraints.txt
	$(call install,.venv-docs,--editable '.[docs]')

.venv-oracle/.installed: tests/oracle/requirements.txt constraints.txt
	$(call install,.venv-oracle,-r tests/oracle/requirements.txt)

.venv-bench/.installed: pyproject.toml constraints.txt benchmarks/requirements.txt
	$(call install,.venv-bench,--editable . -r benchmarks/requirements.txt)

kernels: .venv/.kernels  ## Compile the CPU kernels.

demo: .venv/.kernels  ## Train a convolutional network on MNIST and test it on the 10,000 test images.
	$(BIN)/gradiente train --out runs/demo

test: .venv/.kernels  ## Run all tests, and the examples in the docstrings.
	$(BIN)/python -m pytest -q -n 2

smoke: .venv/.kernels  ## Does anything work at all? Answers within seconds.
	$(BIN)/python -m pytest -q -m smoke tests/test_smoke.py

check: .venv/.installed  ## Lint, format and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: .venv/.installed  ## Put the code in the form that `make check` wants.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv-bench/.installed  ## Measure against TensorFlow, PyTorch, ONNX Runtime and JAX in one run; PARTS="softmax peak" for some of it.
	.venv-bench/bin/python benchmarks/run.py $(PARTS)

oracle: .venv/.installed .venv-oracle/.installed  ## Compare every operation with TensorFlow's.
	$(BIN)/python tests/oracle/run.py --tensorflow .venv-oracle/bin/python --write
	for check in check_graphs check_formats check_exports; do \
	  rm -rf build/$$check && mkdir -p build/$$check && \
	  $(BIN)/python -m tests.oracle.$$check write build/$$check && \
	  .venv-oracle/bin/python -m tests.oracle.$$check read build/$$check || exit 1; \
	done

sanitize: .venv/.installed  ## Run the kernels on random sizes under AddressSanitizer and UBSan.
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/sanitize -G Ninja --fresh -DGRADIENTE_SANITIZE=ON >/dev/null
	$(BIN)/cmake --build build/sanitize
	build/sanitize/src/gradiente/kernels/native/kernels_check

docs: .venv-docs/.installed  ## Build the documentation into site/.
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict

clean:  ## Remove what the other targets wrote, except the environments and your runs.
	rm -rf site build dist .pytest_cache .ruff_cache .hypothesis
	find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean  ## Remove the environments too.
	rm -rf .venv .venv-docs .venv-oracle .venv-bench
