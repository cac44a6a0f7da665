// Command unicodetables prints plugin/base/unicode_tables.c from the tables of this Go release:
//
//	go run ./unicodetables >../../plugin/base/unicode_tables.c
package main

import (
	"fmt"
	"strings"
	"unicode"
)

const letters = "CLMNPSZ"

// borders lists the runes at which membership of a category begins or ends.
func borders(table *unicode.RangeTable) []rune {
	var out []rune
	in := false
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.Is(table, r) != in {
			in = !in
			out = append(out, r)
		}
	}
	if in {
		out = append(out, unicode.MaxRune+1)
	}
	return out
}

func print(name string, list []rune) {
	fmt.Printf("\nstatic const uint32_t %s[] = {\n", name)
	line := "\t"
	for _, r := range list {
		item := fmt.Sprintf("0x%X,", r)
		if len(line)+len(item) > 92 {
			fmt.Println(strings.TrimRight(line, " "))
			line = "\t"
		}
		line += item + " "
	}
	fmt.Println(strings.TrimRight(line, " "))
	fmt.Println("};")
}

func main() {
	fmt.Printf(`/*
 * The general categories of Unicode %s that one letter names in a pattern (\pL, \PN), and the decimal digits. Printed by
 * tests/conformance/unicodetables: runes at which membership begins and ends, in turn.
 */
#include "base/unicode.h"

#include "base/attr.h"
`, unicode.Version)
	for i := 0; i < len(letters); i++ {
		print("category_"+strings.ToLower(letters[i:i+1]), borders(unicode.Categories[letters[i:i+1]]))
	}
	print("digits", borders(unicode.Digit))
	fmt.Print("\nconst struct cp_unicode_set cp_unicode_categories[] = {\n")
	for i := 0; i < len(letters); i++ {
		c := letters[i]
		fmt.Printf("\t{'%c', category_%c, CP_LEN(category_%c)},\n", c, c|0x20, c|0x20)
	}
	fmt.Print("};\nconst size_t cp_unicode_n_categories = CP_LEN(cp_unicode_categories);\n")
	fmt.Print("const struct cp_unicode_set cp_unicode_letters = {'L', category_l, CP_LEN(category_l)},\n")
	fmt.Print("\t\t\t    cp_unicode_digits = {'\\0', digits, CP_LEN(digits)};\n")
}
