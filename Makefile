# What people type and what CI runs. `make` alone lists it.
#
#   CONTEXT=…    a kube context of yours instead of the one-node cluster (then REGISTRY=… for the images, unless it is kind's)
#   PLOT=1       bench draws docs/bench-cleanup.svg anew
#   CODRIVER_CACHE=…   where compiled clusters, Spark and jars are kept (~/.cache/codriver)

SHELL := /bin/bash
.DEFAULT_GOAL := help
export CONTEXT REGISTRY

.PHONY: help demo test check bench fuzz images cluster-up cluster-down

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: ## a real PySpark job on s3://, once well, once failing, once killed; and a table of what was seen
	@cargo run --quiet --locked -p codriver-e2e --bin demo

test: ## every test: unit, scenario, real processes, and end to end on a real cluster
	@./test.sh

check: ## format, lints as errors, the fuzz targets, no unused dependency, scripts
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo check --locked --target-dir "$${CARGO_TARGET_DIR:-target}" --manifest-path fuzz/Cargo.toml
	@command -v cargo-machete >/dev/null || cargo install --quiet --locked cargo-machete@0.9.2
	cargo machete --skip-target-dir
	@. e2e/lib.sh && need_apt shellcheck
	git ls-files '*.sh' .ci/run e2e/cluster/{kubectl,ctr,load-image,static-image,signal} e2e/store/s3 | xargs shellcheck --external-sources

bench: ## codriver beside boto3, the aws cli, tini, dumb-init and kubectl in one run, with what is promised; PLOT=1 draws
	@bench/run.sh

fuzz: ## everything that is parsed, for FUZZ_SECONDS each (20)
	@fuzz/run.sh

images: ## the two static programs and the codriver image
	@images/build.sh

cluster-up: ## the one-node cluster with its store; e2e/cluster/kubectl reaches it
	@e2e/cluster/up.sh

cluster-down: ## ends it: no process, mount, interface, firewall rule or cgroup folder stays
	@e2e/cluster/down.sh
