# A thin front to CMake: each target is one or two commands that can be typed as well.
PREFIX ?= /usr/local
DESTDIR ?=
export DESTDIR

C_FOLDERS = include src audio hub tracks cli tests examples tools
C_FILES = $(shell find $(wildcard $(C_FOLDERS)) -name '*.[ch]' | sort)

# CMake says a lot when all is well: keep it for when it is not.
define configure
	@mkdir -p $(2) && { cmake --preset $(1) >$(2)/configure.log 2>&1 || { cat $(2)/configure.log; exit 1; }; }
endef

.PHONY: build demo check install lint format deb clean help

build: ## build/demucs and build/demucs-models (the default)
	$(call configure,release,build)
	@cmake --build build

demo: ## fetch a model, separate a short clip, say what to listen to
	@tools/demo

check: ## install what is missing, build every configuration, run all tests
	@tools/install-deps
	@tools/check

install: build ## copy programs, libraries and manual pages to PREFIX (/usr/local), below DESTDIR
	@cmake --install build --prefix $(PREFIX)
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ] && command -v ldconfig >/dev/null; then ldconfig; fi

lint: ## clang-format and clang-tidy over our files
	@tools/install-deps --dev
	@clang-format --dry-run -Werror $(C_FILES)
	$(call configure,clang,build-clang)
	@sed -n 's/^ *"file": "\(.*\)",*$$/\1/p' build-clang/compile_commands.json | sort -u | \
	    xargs -P $$(getconf _NPROCESSORS_ONLN) -n 4 clang-tidy -p build-clang --quiet

format: ## let clang-format lay out our files
	@clang-format -i $(C_FILES)

deb: ## a Debian package and a .tar.gz, in build-package/
	$(call configure,package,build-package)
	@cmake --build build-package
	@cd build-package && cpack

clean: ## remove everything that was built
	@rm -rf build build-debug build-asan build-tsan build-clang build-fuzz build-aarch64 build-package

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10
