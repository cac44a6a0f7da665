/* UTF-8 as Go decodes it: an invalid byte is one rune U+FFFD of width 1. */
#ifndef CP_BASE_UTF8_H
#define CP_BASE_UTF8_H

#include "base/str.h"

#define CP_RUNE_ERROR 0xFFFDu

/* Decodes the first rune of s (s.n > 0). Returns the rune, its width in bytes in *ret_width. */
uint32_t cp_utf8_decode(struct cp_str s, size_t *ret_width);
bool cp_utf8_valid(struct cp_str s);
/* Writes a rune, at most four bytes; returns how many. */
size_t cp_utf8_encode(uint32_t rune, char *p);
/* Go's unicode.IsSpace. */
bool cp_rune_is_space(uint32_t rune);

#endif
