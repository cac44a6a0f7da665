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
STATIC  ?= 1
DEV     ?= 1
COV     ?=
PYTHON  ?= python3
BUILD   := build
ifeq ($(STATIC),0)
BUILD   := build/shared
endif
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
SANFLAGS := $(if $(SAN),-DCP_ARENA_DEBUG -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) $(if $(COV),--coverage -O0)
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
	$(filter $(BUILD)/plugin/$(r)/%,$(OBJ))) $(BUILD)/plugin/archives.o $(if $(filter $(firstword $(subst _, ,$(1))),$(ROOMS)),,$(filter-out %/archives.o,$(TOP_SRC:%.c=$(BUILD)/%.o)))

# The libraries and how they are linked: tried out once, see the script.
LINK    := $(BUILD)/link.mk
$(LINK): plugin/link.sh plugin/archives.c
	@mkdir -p $(@D)
	@CC='$(CC)' STATIC='$(STATIC)' sh plugin/link.sh $(@D)/link-probe >$@.tmp && mv $@.tmp $@
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
		-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack $(ALL_LDFLAGS) -o $@.tmp $(OBJ) $(LIBS)
	@mv $@.tmp $@

# Moved into place, so that who has the old one loaded keeps it whole. The helper needs libc only. It exports one function, which libgit2 finds in place of its own: hooks/cli/certificates.c.
$(CLI): $(CLI_OBJ)
	$(Q)$(CC) -Wl,--export-dynamic-symbol=mbedtls_x509_crt_parse_file -Wl,-z,relro -Wl,-z,now $(ALL_LDFLAGS) -o $@.tmp $(CLI_OBJ) -ldl
	@mv $@.tmp $@

.PHONY: man completions
man: $(BUILD)/man/cachepredict.1
completions: $(BUILD)/completions/cachepredict.bash $(BUILD)/completions/cachepredict.zsh $(BUILD)/completions/cachepredict.fish
$(BUILD)/man/cachepredict.1: $(CLI)
	@mkdir -p $(@D)
	$(Q)$(CLI) help man >$@.tmp && mv $@.tmp $@
$(BUILD)/completions/cachepredict.%: $(CLI)
	@mkdir -p $(@D)
	$(Q)$(CLI) completion $* >$@.tmp && mv $@.tmp $@

# ---- tests ----

# Archives, so that a test takes in only what it uses.
$(BUILD)/plugin.a: $(OBJ)
	@rm -f $@ && ar rcs $@ $(OBJ)
$(BUILD)/cli.a: $(filter-out %/main.o,$(CLI_OBJ))
	@rm -f $@ && ar rcs $@ $^

# A unit test links its room and those below, nothing above: test_keys.c and test_keys_exec.c are tests of keys/.
.SECONDEXPANSION:
$(BUILD)/tests/unit/test_%: tests/unit/test_%.c $$(call upto,$$*) $(LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(filter %.o,$^) $(ALL_LDFLAGS) $(LIBS) -lcmocka

# The standalone driver replays corpora under any compiler; `make fuzz` is libFuzzer.
$(BUILD)/tests/fuzz/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/standalone.c $(BUILD)/plugin.a $(BUILD)/cli.a $(LINK)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $(filter %.c %.a,$^) $(ALL_LDFLAGS) $(LIBS)

# Hosts of the tests load the plugin; they see the ABI header only.
$(BUILD)/tests/abi/test_%: tests/abi/test_%.c tests/abi/abi.h include/cachepredict/plugin.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(ALL_LDFLAGS) -o $@ $< -ldl
$(BUILD)/examples/host: examples/host.c include/cachepredict/plugin.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(ALL_LDFLAGS) -o $@ $< -ldl
$(BUILD)/tests/cli/echo_plugin.so: tests/cli/echo_plugin.c include/cachepredict/plugin.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -fvisibility=default $(ALL_LDFLAGS) -shared -o $@ $<
$(BUILD)/tests/torture/torture: tests/torture/torture.c tests/abi/abi.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -fvisibility=default -rdynamic -o $@ $< -ldl
$(BUILD)/tests/bench/bench: tests/bench/bench.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -o $@ $< -lm
$(BUILD)/tests/repository/Dockerfile: tests/abi/repository.sh
	$(Q)sh $< $(@D)

RUN     := sh tests/run.sh
REPO_   := $(BUILD)/tests/repository
SUITE_UNIT    := $(foreach t,$(UNIT),$(t:$(BUILD)/tests/%=%)=$(t))
SUITE_REPLAY  := $(foreach t,$(FUZZ),replay/$(t)="$(BUILD)/tests/fuzz/replay_$(t) $(t) tests/fuzz/corpus/$(t)")
SUITE_ABI     := $(foreach t,$(ABI),$(t:$(BUILD)/tests/%=%)="$(t) $(SO) $(REPO_)") abi/exports="CC='$(CC)' sh tests/abi/exports.sh $(SO)" \
	abi/hosts="PYTHON='$(PYTHON)' SAN='$(SAN)' sh tests/abi/hosts.sh $(BUILD)" \
	cli="sh tests/cli/cli.sh $(CLI) $(BUILD)/tests/cli/echo_plugin.so" \
	caches="PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/cli/caches.py $(CLI)" \
	advise="PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/cli/advise.py $(CLI)" \
	reports="PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/cli/reports.py $(CLI)" \
	split="PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/cli/split.py $(CLI)" \
	record="PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/cli/record.py $(CLI)" \
	backtest="PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/cli/backtest.py $(CLI)"
SUITE_EXAMPLES := examples="PYTHON='$(PYTHON)' sh tests/examples.sh $(BUILD)"
SUITE_GOLDEN  := $(if $(wildcard tests/golden/run.sh),golden="sh tests/golden/run.sh $(CLI)")
SUITE_FAULTS  := faults="PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/faults/faults.py $(CLI)" \
	comments="PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/faults/comments.py $(CLI)"
# The one suite of another build: threads under ThreadSanitizer.
TSAN          := $(if $(SAN)$(COV),,build/san-thread)
SUITE_TSAN    := $(if $(TSAN),abi/tsan="$(TSAN)/tests/abi/test_threads $(TSAN)/cachepredict.so $(REPO_)")

.PHONY: check unit fuzz-replay abi layers golden faults
check: all $(UNIT) $(REPLAY) abi-programs
	@$(RUN) check $(BUILD)/logs layers="sh tests/layers.sh" $(SUITE_UNIT) $(SUITE_REPLAY) $(SUITE_ABI) $(SUITE_EXAMPLES) $(SUITE_FAULTS) $(SUITE_GOLDEN) $(SUITE_TSAN)
unit: $(UNIT)
	@$(RUN) unit $(BUILD)/logs $(SUITE_UNIT)
fuzz-replay: $(REPLAY)
	@$(RUN) fuzz-replay $(BUILD)/logs $(SUITE_REPLAY)
.PHONY: abi-programs tsan-programs thread-programs
abi-programs: $(SO) $(CLI) $(ABI) $(BUILD)/examples/host $(BUILD)/tests/cli/echo_plugin.so $(REPO_)/Dockerfile $(if $(TSAN),tsan-programs)
tsan-programs:
	@+$(MAKE) --no-print-directory BUILD=build/san-thread SAN=thread CFLAGS='-O1 -g' thread-programs
thread-programs: $(SO) $(BUILD)/tests/abi/test_threads
	@:
abi: abi-programs
	@$(RUN) abi $(BUILD)/logs $(SUITE_ABI) $(SUITE_TSAN)
faults: $(SO) $(CLI)
	@$(RUN) faults $(BUILD)/logs $(SUITE_FAULTS)
golden: all
	@$(RUN) golden $(BUILD)/logs $(SUITE_GOLDEN)
layers:
	@sh tests/layers.sh

.PHONY: conformance hosts bench torture coverage
# Against the real BuildKit. REPO=, DOCKERFILE=, CONTEXT= and PAIRS= choose a repository of your own.
conformance: all
	@BUILD=$(abspath $(BUILD)) sh tests/conformance/run.sh
# Real forges and CI hosts.
hosts: all
	@BUILD=$(abspath $(BUILD)) PYTHON='$(PYTHON)' sh tests/hosts/run.sh
# The histories of requirement files: CORPORA= holds owner+name/repo.
churn: $(BUILD)/plugin.a
	@BUILD=$(abspath $(BUILD)) CORPORA='$(CORPORA)' sh tests/conformance/churn/churn.sh
bench: all $(BUILD)/tests/bench/bench
	@REPO='$(REPO)' sh tests/bench/bench.sh $(BUILD)
torture:
	@+$(MAKE) --no-print-directory BUILD=build/torture STATIC=0 CFLAGS='-O1 -g -DCP_ARENA_DEBUG' torture-run
.PHONY: torture-run
torture-run: $(SO) $(CLI) $(BUILD)/tests/torture/torture $(REPO_)/Dockerfile
	@PYTHONDONTWRITEBYTECODE=1 CACHEPREDICT_PLUGIN=$(abspath $(SO)) $(PYTHON) tests/cli/caches.py $(CLI) $(REPO_) $(BUILD)/tests/cache
	@$(RUN) torture $(BUILD)/logs torture="$(BUILD)/tests/torture/torture $(SO) $(REPO_) $(BUILD)/tests/cache"
coverage:
	@$(MAKE) COV=1 check
	@mkdir -p build/coverage/html
	gcovr -r . --filter plugin/ --filter hooks/ --object-directory build/coverage --html-details build/coverage/html/index.html --print-summary

# ---- fuzzing: make fuzz [T=dockerfile] [SECONDS=60] ----

FUZZ_FLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fPIC -pthread -w -Iplugin -Iinclude -DCP_VERSION='"$(VERSION)"' \
	-fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_OBJ := $(patsubst %.c,build/fuzz/%.o,$(ROOM_SRC) $(TOP_SRC) $(filter-out %/main.c,$(CLI_SRC)))
SECONDS ?= 60
build/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
build/fuzz/all.a: $(FUZZ_OBJ)
	@rm -f $@ && ar rcs $@ $^
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/all.a $(LINK)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $(filter %.c %.a,$^) $(LIBS)
.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZ:%=build/fuzz/fuzz_%)
fuzz: $(if $(T),build/fuzz/fuzz_$(T),fuzz-programs)
	@for t in $(or $(T),$(FUZZ)); do sh tests/fuzz/run.sh $$t $(SECONDS) || exit 1; done

# ---- style ----

.PHONY: lint format
lint:
	@sh tests/lint.sh '$(CC)'
format:
	clang-format -i $(shell git ls-files '*.c' '*.h' | grep -v '^tests/conformance/')

# ---- install ----

PKGCONFIG = $(DESTDIR)$(LIBDIR)/pkgconfig
.PHONY: install uninstall
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/cachepredict $(PKGCONFIG) $(DESTDIR)$(PREFIX)/include/cachepredict \
		$(DESTDIR)$(PREFIX)/share/cachepredict/schema $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/doc/cachepredict \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(CLI) $(DESTDIR)$(PREFIX)/bin/cachepredict
	install -m 644 $(SO) $(DESTDIR)$(LIBDIR)/cachepredict/cachepredict.so
	cd hooks && find buildbot buildkite git gitea github gitlab jenkins sh woodpecker README.md -type f ! -name '*.pyc' \
		-exec install -D -m 755 {} $(abspath $(DESTDIR)$(PREFIX)/share/cachepredict/hooks)/{} \;
	install -m 644 include/cachepredict/plugin.h $(DESTDIR)$(PREFIX)/include/cachepredict/
	install -m 644 include/cachepredict/schema/*.json $(DESTDIR)$(PREFIX)/share/cachepredict/schema/
	install -m 644 $(BUILD)/man/cachepredict.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(BUILD)/completions/cachepredict.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/cachepredict
	install -m 644 $(BUILD)/completions/cachepredict.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_cachepredict
	install -m 644 $(BUILD)/completions/cachepredict.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/cachepredict.fish
	install -m 644 README.md LICENSE CHANGELOG.md $(DESTDIR)$(PREFIX)/share/doc/cachepredict/
	sed -e 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBDIR),; s,@VERSION@,$(VERSION),' include/cachepredict.pc.in >$(PKGCONFIG)/cachepredict.pc
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/cachepredict $(PKGCONFIG)/cachepredict.pc $(DESTDIR)$(PREFIX)/share/man/man1/cachepredict.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/cachepredict $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_cachepredict \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/cachepredict.fish
	rm -rf $(DESTDIR)$(LIBDIR)/cachepredict $(DESTDIR)$(PREFIX)/include/cachepredict $(DESTDIR)$(PREFIX)/share/cachepredict \
		$(DESTDIR)$(PREFIX)/share/doc/cachepredict

# ---- the rest ----

.PHONY: demo clean help
demo: all
	@sh examples/demo.sh --built $(BUILD)
clean:
	rm -rf build
help:
	@echo 'make all           build/cachepredict.so and build/cachepredict, manual page, completions'
	@echo 'make check         all tests that need no other program: unit, fuzz-replay, abi, layers, hosts (SAN=address,undefined or SAN=thread)'
	@echo 'make unit|abi|fuzz-replay|layers|faults|golden   one part of it'
	@echo 'make conformance   against the real BuildKit (REPO=/path DOCKERFILE=... CONTEXT=... PAIRS=20 for a repository of your own)'
	@echo 'make hosts         against a real Gitea and real CI hosts on loopback (RUNS=200 runs that race on one pull request)'
	@echo 'make churn         how requirement files move, and what splits would have saved (CORPORA=/folder of owner+name/repo)'
	@echo 'make bench         against git diff and a cached BuildKit build (REPO=/path)'
	@echo 'make torture       every allocation fails once'
	@echo 'make fuzz          libFuzzer (T=dockerfile SECONDS=60)'
	@echo 'make lint|format|coverage'
	@echo 'make demo          predictions along the history of examples/agent-app'
	@echo 'make install|uninstall   DESTDIR, PREFIX ($(PREFIX)), LIBDIR ($(LIBDIR))'
	@echo 'Variables: CC, CFLAGS, LDFLAGS, DEV=0 (warnings are no errors), STATIC=0 (shared libraries), V=1 (commands)'

-include $(OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNIT:=.d) $(FUZZ_OBJ:.o=.d)
