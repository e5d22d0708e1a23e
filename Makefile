# kvmctl: build, test, install. GNU make. `make help` lists the targets. `V=1` shows the commands; `DEVELOPER=1` makes warnings
# errors; `SANITIZE=address,undefined` builds into a directory of its own; `DEPS=no` never asks for packages.

VERSION  := 0.1.0
prefix   ?= /usr/local
CC       ?= cc
CFLAGS   ?= -O2 -g
BUILD    ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
comma    := ,
# One spelling of a directory in here, whatever the caller's: the dependency files name their objects by it.
override BUILD := $(subst $(CURDIR)/,,$(BUILD))

Q := $(if $(V),,@)

# Under sanitizers gcc warns of what the checks themselves do: warnings are errors without them only.
WARN := -Wall -Wextra -Wshadow -Wvla -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef \
        -Wswitch-enum -Wnull-dereference -Wno-format-nonliteral -Wno-missing-field-initializers
HARD := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
# PIC for the modules that are loaded at run time.
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc $(WARN) $(HARD) $(if $(DEVELOPER),$(if $(SANITIZE),,-Werror)) \
              -DKVMCTL_VERSION='"$(VERSION)"' $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer -U_FORTIFY_SOURCE) $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(LDFLAGS)

PKG := pkg-config
JSON_LIBS  = $(shell $(PKG) --libs json-c)
CAPNG_LIBS = $(shell $(PKG) --libs libcap-ng)
# Static: start-up time counts, and it is one small function (the SHA-1 UUIDs of instances without one).
UUID_LIBS  = -l:libuuid.a
NL_CFLAGS  = $(shell $(PKG) --cflags libnl-3.0 libnl-route-3.0)
NL_LIBS    = $(shell $(PKG) --libs libnl-3.0 libnl-route-3.0)
PNG_LIBS   = $(shell $(PKG) --libs libpng)
NFT_LIBS   = $(shell $(PKG) --libs libnftables)
SAVE_LIBS  = $(shell $(PKG) --libs libzstd libxxhash)
XML_CFLAGS = $(shell $(PKG) --cflags libxml-2.0)
XML_LIBS   = $(shell $(PKG) --libs libxml-2.0)

LAYERS := base host qemu vm ops cli
# Rooms that are modules of their own (src/LAYER/NAME_module.c -> build/kvmctl-NAME.so): what they link is loaded only when it is used.
MODULE_SRC := $(wildcard src/*/*_module.c)
# Modules of several files.
MODULE_PARTS := $(wildcard src/*/*_module_*.c)
SRC  := $(filter-out $(MODULE_SRC) $(MODULE_PARTS) src/cli/main.c,$(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c)))
OBJ  := $(SRC:src/%.c=$(BUILD)/obj/%.o)
SUPERVISOR_SRC := $(wildcard src/supervisor/*.c)
SUPERVISOR_OBJ := $(SUPERVISOR_SRC:src/%.c=$(BUILD)/obj/%.o)
LEARNER_SRC := $(wildcard src/learner/*.c)
LEARNER_OBJ := $(LEARNER_SRC:src/%.c=$(BUILD)/obj/%.o)
MODULES := $(foreach m,$(MODULE_SRC),$(BUILD)/kvmctl-$(patsubst %_module.c,%,$(notdir $(m))).so)
# What the program makes of its own tables: manual pages, the JSON Schema of specs, completion.
PAGES := $(patsubst man/%.in,$(BUILD)/man/%,$(wildcard man/*.in))
# Network filters that come with kvmctl, beside the program as they are when it is installed.
FILTERS := $(patsubst %,$(BUILD)/%,$(wildcard filters/*.xml))
MADE  := $(if $(wildcard src/cli/main.c),$(PAGES) $(BUILD)/instance.schema.json $(BUILD)/kvmctl.bash-completion)

.DEFAULT_GOAL := all

# --- packages: silent and quick when all are there ---
.PHONY: deps deps-build
deps:
	@scripts/deps
# What is compiled needs the packages of the build first.
deps-build:
	$(if $(filter no,$(DEPS)),,@scripts/deps build)

.PHONY: all
all: $(BUILD)/libkvmctl.a $(if $(wildcard src/cli/main.c),$(BUILD)/kvmctl) $(if $(SUPERVISOR_SRC),$(BUILD)/kvmctl-supervisor) $(if $(LEARNER_SRC),$(BUILD)/kvmctl-learner) $(MODULES) $(FILTERS) $(MADE)

$(BUILD)/libkvmctl.a: $(OBJ)
	@echo "  AR      $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJ)

$(BUILD)/kvmctl: $(BUILD)/obj/cli/main.o $(BUILD)/libkvmctl.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS)

$(BUILD)/kvmctl-supervisor: $(SUPERVISOR_OBJ) $(BUILD)/libkvmctl.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JSON_LIBS)

# No library but libc.
$(BUILD)/kvmctl-learner: $(LEARNER_OBJ) $(BUILD)/libkvmctl.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/obj/%.o: src/%.c | deps-build
	@mkdir -p $(dir $@)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/kvmctl-link.so: $(wildcard src/host/link_module*.c) $(wildcard src/host/link_module*.h) | deps-build
	@mkdir -p $(BUILD)/obj
	@echo "  MODULE  $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(NL_CFLAGS) -fPIC -shared -Wl,-z,relro,-z,now -o $@ $(filter %.c,$^) $(NL_LIBS)

$(BUILD)/kvmctl-png.so: src/qemu/png_module.c | deps-build
	@mkdir -p $(BUILD)/obj
	@echo "  MODULE  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -MMD -MP -MF $(BUILD)/obj/png_module.d -MT $@ -shared -Wl,-z,relro,-z,now -o $@ $< $(PNG_LIBS)

$(BUILD)/kvmctl-save.so: src/vm/save_module.c | deps-build
	@mkdir -p $(BUILD)/obj
	@echo "  MODULE  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -MMD -MP -MF $(BUILD)/obj/save_module.d -MT $@ -shared -Wl,-z,relro,-z,now -o $@ $< $(SAVE_LIBS)

$(BUILD)/kvmctl-filter.so: src/vm/filter_module.c src/vm/filter_module.h | deps-build
	@mkdir -p $(BUILD)/obj
	@echo "  MODULE  $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(XML_CFLAGS) -fPIC -MMD -MP -MF $(BUILD)/obj/filter_module.d -MT $@ -shared -Wl,-z,relro,-z,now -o $@ $< $(XML_LIBS)

$(BUILD)/kvmctl-nft.so: src/host/nft_module.c | deps-build
	@mkdir -p $(BUILD)/obj
	@echo "  MODULE  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -MMD -MP -MF $(BUILD)/obj/nft_module.d -MT $@ -shared -Wl,-z,relro,-z,now -o $@ $< $(NFT_LIBS)

$(BUILD)/filters/%.xml: filters/%.xml
	@mkdir -p $(dir $@)
	$(Q)cp $< $@

# --- made by the program of its own tables ---
$(BUILD)/man/%: man/%.in $(BUILD)/kvmctl scripts/make-manual $(FILTERS) | $(BUILD)/kvmctl-filter.so
	@mkdir -p $(dir $@)
	@echo "  MAN     $@"
	$(Q)scripts/make-manual $(BUILD)/kvmctl $(VERSION) $< >$@.new && mv $@.new $@
$(BUILD)/instance.schema.json: $(BUILD)/kvmctl
	$(Q)$(BUILD)/kvmctl schema >$@.new && mv $@.new $@
$(BUILD)/kvmctl.bash-completion: $(BUILD)/kvmctl
	$(Q)$(BUILD)/kvmctl completion bash >$@.new && mv $@.new $@

# --- unit tests: one program per tests/unit/*.c ---
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))
.PHONY: unit
unit: $(UNIT) $(MODULES) $(FILTERS) $(BUILD)/kvmctl-supervisor $(BUILD)/kvmctl-learner $(BUILD)/tests/fake-qemu
$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libkvmctl.a
	@mkdir -p $(dir $@)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $@.d $(ALL_LDFLAGS) $(shell sed -n 's,^.*LDFLAGS: *\(.*\) \*/$$,\1,p' $<) -o $@ $< \
	  $(BUILD)/libkvmctl.a $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS) -lcmocka

# --- golden plans: tests/golden/*.c but golden_case.c and real_descriptors.c are programs ---
GOLDEN := $(patsubst tests/golden/%.c,$(BUILD)/tests/golden/%,$(filter-out %/golden_case.c %/real_descriptors.c,$(wildcard tests/golden/*.c)))
unit: $(GOLDEN)
$(BUILD)/tests/golden/real_qemu: tests/golden/real_descriptors.c
$(BUILD)/tests/golden/%: tests/golden/%.c tests/golden/golden_case.c $(wildcard tests/golden/*.h) $(BUILD)/libkvmctl.a
	@mkdir -p $(dir $@)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) $(filter %.a,$^) $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS)

# --- filters: golden rules, and frames with their verdicts ---
FILTER_TESTS := $(BUILD)/tests/filters/golden $(BUILD)/tests/filters/frames $(BUILD)/tests/filters/talk
unit: $(FILTER_TESTS)
$(BUILD)/tests/filters/golden: tests/golden-filters/filter_golden.c tests/filter_case.h $(BUILD)/libkvmctl.a | $(MODULES)
	@mkdir -p $(dir $@)
	@echo "  CC      $@"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^) $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS)
$(BUILD)/tests/filters/frames: $(wildcard tests/net/frames/*.c) $(wildcard tests/net/frames/*.h) tests/filter_case.h $(BUILD)/libkvmctl.a | $(MODULES)
	@mkdir -p $(dir $@)
	@echo "  CC      $@"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $(ALL_LDFLAGS) -pthread -o $@ $(filter %.c %.a,$^) $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS)

$(BUILD)/tests/filters/talk: $(wildcard tests/net/talk/*.c) tests/net/frames/frame_build.c $(wildcard tests/net/talk/*.h) tests/net/frames/frames.h tests/learn_frames.h tests/filter_case.h $(BUILD)/libkvmctl.a
	@mkdir -p $(dir $@)
	@echo "  CC      $@"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^) $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS)

# --- the fake QEMU of the tests ---
$(BUILD)/tests/fake-qemu: $(wildcard tests/fake/*.c) $(wildcard tests/fake/*.h) $(BUILD)/libkvmctl.a
	@mkdir -p $(dir $@)
	@echo "  CC      $@"
	$(Q)$(CC) $(ALL_CFLAGS) -DFIXTURES='"$(CURDIR)/tests/fixtures/qemu"' $(ALL_LDFLAGS) -pthread -o $@ $(filter %.c %.a,$^) $(JSON_LIBS) $(CAPNG_LIBS)

# --- make bench ---
$(BUILD)/tests/bench: $(wildcard tests/bench/*.c) tests/bench/bench.h $(BUILD)/libkvmctl.a
	@mkdir -p $(dir $@)
	@echo "  CC      $@"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^) $(JSON_LIBS) $(CAPNG_LIBS)

# --- what tests use besides: tests/fault/inject.c lets system calls fail, tests/fault/sampler.c watches uids and TAPs ---
TOOLS := $(BUILD)/tests/fault-inject $(BUILD)/tests/sampler
unit: $(TOOLS)
$(BUILD)/tests/fault-inject: tests/fault/inject.c
	@mkdir -p $(dir $@)
	@echo "  CC      $@"
	$(Q)echo '#include <asm/unistd.h>' | $(CC) -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) [0-9].*/{ __NR_\1, "\1" },/p' >$(BUILD)/tests/syscalls.h
	$(Q)$(CC) $(ALL_CFLAGS) -I$(BUILD)/tests $(ALL_LDFLAGS) -o $@ $<
$(BUILD)/tests/sampler: tests/fault/sampler.c
	@mkdir -p $(dir $@)
	@echo "  CC      $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

# --- fuzzing: tests/fuzz/NAME_fuzz.c with its corpus in tests/fuzz/corpus/NAME/ ---
FUZZ_NAMES   := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_SECONDS ?= 60
# For `make check`: each target with a plain main that replays its corpus.
REPLAY := $(FUZZ_NAMES:%=$(BUILD)/tests/replay/%)
.PHONY: replay
replay: $(REPLAY) $(BUILD)/kvmctl-filter.so
$(BUILD)/tests/replay/%: tests/fuzz/%_fuzz.c tests/fuzz/replay_main.c $(BUILD)/libkvmctl.a
	@mkdir -p $(dir $@)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -DCORPUS='"$(CURDIR)/tests/fuzz/corpus/$*"' $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^) $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS)

# For `make fuzz`: all is compiled by clang, for coverage.
.PHONY: fuzz fuzz-programs
fuzz: deps
	$(Q)$(MAKE) --no-print-directory CC=clang BUILD=build-fuzz SANITIZE=address,undefined CFLAGS="-O1 -g -fsanitize=fuzzer-no-link" fuzz-programs
	$(Q)scripts/fuzz build-fuzz/tests/fuzz $(FUZZ_SECONDS) $(FUZZ_NAMES)
fuzz-programs: $(FUZZ_NAMES:%=$(BUILD)/tests/fuzz/%) $(BUILD)/kvmctl-filter.so
$(BUILD)/tests/fuzz/%: tests/fuzz/%_fuzz.c $(BUILD)/libkvmctl.a
	@mkdir -p $(dir $@)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS)

# --- static checks ---
# clang-tidy remembers which files it has found clean. Its analyser follows a function as far as in its shallow mode, which is a third of the
# time; check-long as far as it does by itself.
TIDY_NODES ?= 75000
TIDY := $(patsubst %.c,$(BUILD)/tidy-$(TIDY_NODES)/%.clean,$(SRC) $(MODULE_SRC) $(MODULE_PARTS) $(SUPERVISOR_SRC) $(LEARNER_SRC) $(wildcard src/cli/main.c))
.PHONY: tidy
tidy: $(TIDY)
$(BUILD)/tidy-$(TIDY_NODES)/%.clean: %.c .clang-tidy $(wildcard include/*/*.h)
	@mkdir -p $(dir $@)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc -DKVMCTL_VERSION='""' $(NL_CFLAGS:-I%=-isystem%) $(XML_CFLAGS:-I%=-isystem%) \
	  -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES) 2>$@.log || { cat $@.log; exit 1; }
	$(Q)touch $@

.PHONY: format format-check
FORMATTED := $(wildcard src/*/*.c src/*/*.h include/*/*.h tests/*.h tests/*/*.c tests/*/*.h tests/*/*/*.c)
format:
	clang-format -i $(FORMATTED)
format-check:
	$(Q)clang-format --dry-run -Werror $(FORMATTED)

# --- the guest of the tests and the demo ---
.PHONY: guest
guest: build/guest/initrd.gz
build/guest/initrd.gz: scripts/make-guest scripts/guest-init scripts/guest-dhcp | deps
	$(Q)scripts/make-guest build/guest

# --- tests ---
JOBS ?= $(shell nproc)
# Packages first: this make has looked for files before they were there, so the work is done by another one.
.PHONY: check check-long check-programs
check: deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all unit
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) SANITIZE=address,undefined CFLAGS="-O1 -g" replay
	$(Q)$(MAKE) --no-print-directory guest
	$(Q)mkdir -p build/tests && rm -rf build/tests/replay && if [ -d build-address-undefined/tests/replay ]; then cp -r build-address-undefined/tests/replay build/tests/; fi
	@tests/run -j $(JOBS) $(TESTS)

# Debian 12's valgrind has no pidfd_open, which starting a process takes; fake_qemu and supervisor_watch measure time; libnftables sends bytes to the
# kernel that it has not set. The sanitizers run them all.
NOT_IN_VALGRIND := act_far nic_script ovs child image_make fake_qemu supervisor_watch \
                   bandwidth filter_transaction
# Besides: a longer look of clang-tidy, everything under sanitizers, the unit tests under valgrind, the fault matrix, time for the fuzzers.
check-long: check
	@echo "== clang-tidy"; $(MAKE) --no-print-directory -j$(JOBS) DEPS=no TIDY_NODES=225000 tidy
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) SANITIZE=address,undefined CFLAGS="-O1 -g" all unit
	@echo "== sanitizers"; ASAN_OPTIONS=detect_leaks=1 BUILD=build-address-undefined tests/run -j $(JOBS) build-address-undefined/tests/unit tests/cli tests/net
	@echo "== valgrind"; tests/run -j $(JOBS) --wrap "valgrind -q --error-exitcode=99 --leak-check=full --trace-children=no" \
	  $(filter-out $(NOT_IN_VALGRIND:%=build/tests/unit/%_test),$(wildcard build/tests/unit/*_test))
	@echo "== fault matrix and endurance"; tests/run -j 1 tests/long
	@echo "== fuzzing"; $(MAKE) --no-print-directory fuzz

.PHONY: bench demo
bench: deps all guest
	@tests/bench/run
demo: deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all guest
	@scripts/demo

# --- installation ---
sbindir  ?= $(prefix)/sbin
libdir   ?= $(prefix)/lib/kvmctl
mandir   ?= $(prefix)/share/man
docdir   ?= $(prefix)/share/doc/kvmctl
unitdir  ?= $(prefix)/lib/systemd/system
tmpfiles ?= $(prefix)/lib/tmpfiles.d
sysctl   ?= $(prefix)/lib/sysctl.d
compdir  ?= $(prefix)/share/bash-completion/completions
INSTALL_VARS = BUILD="$(BUILD)" DESTDIR="$(DESTDIR)" sbindir="$(sbindir)" libdir="$(libdir)" mandir="$(mandir)" docdir="$(docdir)" \
               unitdir="$(unitdir)" tmpfiles="$(tmpfiles)" sysctl="$(sysctl)" compdir="$(compdir)"
.PHONY: install uninstall
install: all
	@$(INSTALL_VARS) scripts/install
uninstall:
	@$(INSTALL_VARS) scripts/install --remove

.PHONY: help
help:
	@echo "make                 build/kvmctl, build/kvmctl-supervisor, build/kvmctl-learner and their modules"
	@echo "make demo            the main job, shown on this host (as root)"
	@echo "make check           all tests;  TESTS=\"FILE...\" only these"
	@echo "make check-long      and sanitizers, valgrind, the fault matrix, fuzzing"
	@echo "make unit            the programs of the unit tests;  tests/run build/tests/unit runs them"
	@echo "make fuzz            the fuzzers, FUZZ_SECONDS=60 each"
	@echo "make bench           the speeds of the design, measured"
	@echo "make guest           build/guest/vmlinuz and build/guest/initrd.gz"
	@echo "make deps            the Debian packages that all this needs"
	@echo "make format          clang-format on all sources"
	@echo "make install         DESTDIR= prefix=/usr/local;  make uninstall takes it away"
	@echo "make clean"

.PHONY: clean
clean:
	rm -rf build build-*

-include $(OBJ:.o=.d) $(SUPERVISOR_OBJ:.o=.d) $(LEARNER_OBJ:.o=.d) $(BUILD)/obj/cli/main.d $(wildcard $(BUILD)/obj/*_module.d) $(UNIT:=.d)
