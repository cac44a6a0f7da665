# cachepredict: everything goes under build/. `make help` lists the targets.
VERSION := $(shell cat VERSION)
BUILD   ?= build
CC      ?= gcc
PREFIX  ?= /usr/local
SAN     ?=
DEV     ?= 1

ifneq ($(SAN),)
BUILD := build/san-$(subst $(comma),-,$(SAN))
endif
comma := ,

WARN   := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wno-missing-field-initializers
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) $(if $(filter 1,$(DEV)),-Werror) -fPIC -fvisibility=hidden -pthread \
	-Iplugin -Iinclude -DCP_VERSION='"$(VERSION)"' $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)

ROOMS := base repo dockerfile context project graph keys caches predict report
SRC   := $(wildcard $(addsuffix /*.c,$(addprefix plugin/,$(ROOMS))))
OBJ   := $(SRC:%.c=$(BUILD)/%.o)

.PHONY: all objects clean
all: objects
objects: $(OBJ)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

clean:
	rm -rf build

-include $(OBJ:.o=.d)
