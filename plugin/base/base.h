/*
 * base/: memory, text, maps, digests, JSON, errors, limits. It knows nothing of Dockerfiles, git or
 * BuildKit, and every other room stands on it.
 */
#ifndef CP_BASE_BASE_H
#define CP_BASE_BASE_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/path.h"
#include "base/str.h"
#include "base/utf8.h"

#endif
