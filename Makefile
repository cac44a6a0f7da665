# cachepredict. Everything goes under build/; `make help` lists the targets.
.DEFAULT_GOAL := all
comma   := ,
VERSION := $(shell cat VERSION)
ifeq ($(origin CC),default)
CC      := gcc
endif
CLANG   ?= clang
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
DESTDIR ?=
SAN     ?=
DEV     ?= 1
COV     ?=
PYTHON  ?= python3
BUILD   := build
ifneq ($(SAN),)
BUILD   := build/san-$(subst $(comma),-,$(SAN))
endif
ifneq ($(COV),)
BUILD   := build/coverage
endif
SONAME  := cachepredict.so.1
Q       := $(if $(V),,@)

# ---- flags ----

WARN    := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wno-missing-field-initializers
CFLAGS  ?= -O2 -g
LDFLAGS ?=
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) $(if $(COV),--coverage -O0)
BASE_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) $(if $(filter 1,$(DEV)),-Werror) -fPIC -fvisibility=hidden -pthread \
	-Iinclude -DCP_VERSION='"$(VERSION)"'
ALL_CFLAGS = $(BASE_CFLAGS) -Iplugin $(SANFLAGS)
HOST_CFLAGS = $(BASE_CFLAGS) $(SANFLAGS)
ALL_LDFLAGS = $(LDFLAGS) -pthread $(SANFLAGS)

# ---- sources: a room is a folder named in plugin/ROOMS ----

ROOMS   := $(shell awk '$$1 !~ /^\#/ && NF { print $$1 }' plugin/ROOMS)
ROOM_SRC := $(sort $(wildcard $(ROOMS:%=plugin/%/*.c)))
TOP_SRC := $(sort $(wildcard plugin/*.c))
CLI_SRC := $(sort $(wildcard hooks/cli/*.c))
OBJ     := $(ROOM_SRC:%.c=$(BUILD)/%.o) $(TOP_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
SO      := $(BUILD)/cachepredict.so
CLI     := $(BUILD)/cachepredict
UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ    := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAY  := $(FUZZ:%=$(BUILD)/tests/fuzz/replay_%)
ABI     := $(patsubst tests/abi/%.c,$(BUILD)/tests/abi/%,$(sort $(wildcard tests/abi/test_*.c)))
# Objects of the rooms up to the rank of room $(1), or of the whole plugin when $(1) is no room.
upto     = $(foreach r,$(shell awk -v room=$(firstword $(subst _, ,$(1))) '$$1 !~ /^\#/ && NF { rank[$$1] = $$2 } \
	END { for (r in rank) if (!(room in rank) || rank[r] <= rank[room]) print r }' plugin/ROOMS),\
	$(filter $(BUILD)/plugin/$(r)/%,$(OBJ))) $(if $(filter $(firstword $(subst _, ,$(1))),$(ROOMS)),,$(TOP_SRC:%.c=$(BUILD)/%.o))

# The libraries and how they are linked: tried out once, see the script.
LINK    := $(BUILD)/link.mk
$(LINK): plugin/link.sh plugin/archives.c
	@mkdir -p $(@D)
	@CC='$(CC)' sh plugin/link.sh $(@D)/link-probe >$@.tmp && mv $@.tmp $@
ifeq ($(filter clean help format layers install-deps uninstall,$(MAKECMDGOALS)),)
-include $(LINK)
endif

.PHONY: all objects
all: $(SO) $(CLI) man completions
objects: $(OBJ) $(CLI_OBJ)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# Hosts see the ABI header and nothing of the plugin.
$(BUILD)/hooks/%.o: hooks/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(SO): $(OBJ) plugin/exports.map $(LINK)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=plugin/exports.map $(if $(SAN),,-Wl$(comma)-z$(comma)defs) \
		-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--gc-sections $(ALL_LDFLAGS) -o $@ $(OBJ) $(LIBS)

# The helper needs libc only. It exports one function, which libgit2 finds in place of its own: hooks/cli/certificates.c.
$(CLI): $(CLI_OBJ)
	$(Q)$(CC) -Wl,--export-dynamic-symbol=mbedtls_x509_crt_parse_file -Wl,-z,relro -Wl,-z,now $(ALL_LDFLAGS) -o $@ $(CLI_OBJ) -ldl

.PHONY: man completions
man: $(BUILD)/man/cachepredict.1
completions: $(BUILD)/completions/cachepredict.bash $(BUILD)/completions/cachepredict.zsh $(BUILD)/completions/cachepredict.fish
$(BUILD)/man/cachepredict.1: $(CLI)
	@mkdir -p $(@D)
	$(Q)$(CLI) help man >$@.tmp && mv $@.tmp $@
$(BUILD)/completions/cachepredict.%: $(CLI)
	@mkdir -p $(@D)
	$(Q)$(CLI) completion $* >$@.tmp && mv $@.tmp $@

.PHONY: clean
clean:
	rm -rf build

-include $(OBJ:.o=.d) $(CLI_OBJ:.o=.d)
