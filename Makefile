# The same names for people and CI. Each target sets the machine up first where that is needed.
SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help setup build demo test check bench clean

help:            ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:           ## virtual environment, Python packages, ROS 2 where there is none, colcon build
	@scripts/setup.sh

build: setup     ## the same: setup builds what has changed

demo:            ## demonstrations -> policy -> a simulated arm lifts a cube -> one page (LONG=1; DATASET=<path> for yours)
	@scripts/demo.sh $(if $(DATASET),"$(DATASET)")

test:            ## every test: colcon test of all packages, then the tests of the workspace itself
	@scripts/test.sh

check:           ## ruff, mypy --strict, import directions
	@scripts/check.sh

bench:           ## the measurements behind benchmarks/README.md
	@scripts/bench.sh

clean:           ## remove what setup made; recordings, training sets and checkpoints stay
	rm -rf .venv build install log .setup.lock
