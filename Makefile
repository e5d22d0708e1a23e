# kvmctl: build, test, install. GNU make. `make V=1` shows the commands; `DEVELOPER=1` makes warnings errors;
# `SANITIZE=address,undefined` builds into a directory of its own.

VERSION  := 0.1.0
prefix   ?= /usr/local
CC       ?= cc
CFLAGS   ?= -O2 -g
BUILD    ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
comma    := ,

Q := $(if $(V),,@)

WARN := -Wall -Wextra -Wshadow -Wvla -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef \
        -Wswitch-enum -Wnull-dereference -Wno-format-nonliteral -Wno-missing-field-initializers
HARD := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
# PIC for the modules that are loaded at run time.
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc $(WARN) $(HARD) $(if $(DEVELOPER),-Werror) \
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

LAYERS := base host qemu vm ops cli
# Rooms that are modules of their own (src/LAYER/NAME_module.c -> build/kvmctl-NAME.so): what they link is loaded only when it is used.
MODULE_SRC := $(wildcard src/*/*_module.c)
SRC  := $(filter-out $(MODULE_SRC) src/cli/main.c,$(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c)))
OBJ  := $(SRC:src/%.c=$(BUILD)/obj/%.o)
SUPERVISOR_SRC := $(wildcard src/supervisor/*.c)
SUPERVISOR_OBJ := $(SUPERVISOR_SRC:src/%.c=$(BUILD)/obj/%.o)
MODULES := $(foreach m,$(MODULE_SRC),$(BUILD)/kvmctl-$(patsubst %_module.c,%,$(notdir $(m))).so)

.PHONY: all
all: $(BUILD)/libkvmctl.a $(if $(wildcard src/cli/main.c),$(BUILD)/kvmctl) $(if $(SUPERVISOR_SRC),$(BUILD)/kvmctl-supervisor) $(MODULES)

$(BUILD)/libkvmctl.a: $(OBJ)
	@echo "  AR      $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $(OBJ)

$(BUILD)/kvmctl: $(BUILD)/obj/cli/main.o $(BUILD)/libkvmctl.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS)

$(BUILD)/kvmctl-supervisor: $(SUPERVISOR_OBJ) $(BUILD)/libkvmctl.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JSON_LIBS)

$(BUILD)/obj/%.o: src/%.c
	@mkdir -p $(dir $@)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/kvmctl-link.so: src/host/link_module.c
	@mkdir -p $(BUILD)/obj
	@echo "  MODULE  $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(NL_CFLAGS) -fPIC -MMD -MP -MF $(BUILD)/obj/link_module.d -MT $@ -shared -Wl,-z,relro,-z,now -o $@ $< $(NL_LIBS)

$(BUILD)/kvmctl-png.so: src/qemu/png_module.c
	@mkdir -p $(BUILD)/obj
	@echo "  MODULE  $@"
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -MMD -MP -MF $(BUILD)/obj/png_module.d -MT $@ -shared -Wl,-z,relro,-z,now -o $@ $< $(PNG_LIBS)

# --- unit tests: one program per tests/unit/*.c ---
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))
.PHONY: unit
unit: $(UNIT) $(MODULES)
$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libkvmctl.a
	@mkdir -p $(dir $@)
	@echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $@.d $(ALL_LDFLAGS) $(shell sed -n 's,^.*LDFLAGS: *\(.*\) \*/$$,\1,p' $<) -o $@ $< \
	  $(BUILD)/libkvmctl.a $(JSON_LIBS) $(CAPNG_LIBS) $(UUID_LIBS) -lcmocka

.PHONY: clean
clean:
	rm -rf build build-*

-include $(OBJ:.o=.d) $(SUPERVISOR_OBJ:.o=.d) $(BUILD)/obj/cli/main.d $(wildcard $(BUILD)/obj/*_module.d) $(UNIT:=.d)
