# On a fresh Debian machine, as root or with sudo: `make demo` shows the main job, `make test` runs every test.
export PATH := $(CURDIR)/.toolchain/node_modules/.bin:$(CURDIR)/node_modules/.bin:$(PATH)
HOSTS := test/hosts/hosts.sh

.PHONY: docs docs-check demo test test-next test-truth check sdk bench soak release packages setup release-setup test-setup roots go host-up host-down clean

demo: setup            # deploys examples/hello to a host that it boots, changes it, removes it
	@scripts/demo.sh

test: test-setup       # everything, on every engine that is there
	@$(MAKE) --no-print-directory --jobs --output-sync check roots go
	@scripts/test.sh

test-truth: test-setup roots   # every input of the schema, changed, on the Pulumi CLI where it is there: an hour
	@PORTABLE_TRUTH=all scripts/test.sh test/truth

test-next: test-setup  # updates and their failures on Debian's unstable suite, with the newest systemd
	@test/hosts/root.sh sid >/dev/null
	@PORTABLE_TEST_SUITE=sid scripts/test.sh test/hosts test/lifecycle test/resilience/kill-points test/resilience/power-off

check: types lint shell arrows   # types, lint, sizes of functions and files, the shell programs of hosts, and the directions of imports

types lint shell arrows: setup
	@npm run --silent $@

sdk: setup go          # schema.json and the SDKs of all languages, after a change of what the provider takes
	@npm run --silent sdk

bench: setup roots     # side by side with what a user would pick instead; figures go to docs/how-it-works/benchmarks.md
	@scripts/bench.sh

soak: test-setup roots go   # every step of an update with every way to die, a week of releases: figures go to docs/how-it-works/updates.md
	@scripts/soak.sh

docs: setup            # the documentation site, in docs/.vitepress/dist
	@npm ci --prefix docs --no-audit --no-fund --silent
	@npm run --prefix docs --silent build

docs-check: docs       # its pages in a browser: accessibility, phone and desktop width, light and dark (needs chromium)
	@npm run --prefix docs --silent check

release: release-setup go      # VERSION=x.y.z: every package of a release into dist/release, each tried from there
	@node scripts/release/release.mjs $(VERSION)

packages: release-setup go   # every package of the version that is here into dist/release, each tried from there
	@node scripts/release/release.mjs --packages

setup:
	@scripts/setup.sh

release-setup:
	@scripts/setup.sh release

test-setup:
	@scripts/setup.sh test

roots: setup           # Debian roots for the hosts that tests boot, made once
	@test/hosts/root.sh bookworm >/dev/null
	@test/hosts/root.sh trixie >/dev/null

go: setup              # what builds scripts/sdk-gen and examples/caddyplugins
	@scripts/go.sh >/dev/null

host-up: setup       # a host that stays up: then `PORTABLE_TEST_HOST=dev npx jest test/lifecycle/drop-in` takes seconds
	@$(HOSTS) up dev

host-down:
	@$(HOSTS) down dev

clean:                 # what was built here; hosts and their roots are kept elsewhere
	@rm -rf provider/dist sdk/nodejs/bin examples/*/bin dist
