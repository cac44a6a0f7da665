package main

import "strings"

// node is YAML to be written: a scalar as it stands in the text, a list or a map.
type node struct {
	prefix string // a tag or an anchor with the blank behind it
	scalar string
	keys   []string
	values []*node
	list   bool
	flow   bool // { } and [ ]
}

func scalar(text string) *node { return &node{scalar: text} }

func (n *node) put(key string, value *node) *node {
	n.keys = append(n.keys, key)
	n.values = append(n.values, value)
	return n
}

func (n *node) add(value *node) *node {
	n.list = true
	n.values = append(n.values, value)
	return n
}

func (n *node) isScalar() bool { return !n.list && len(n.keys) == 0 && n.scalar != "" }

func (n *node) write(b *strings.Builder, indent string) {
	switch {
	case n.isScalar():
		b.WriteString(" " + n.prefix + n.scalar + "\n")
	case len(n.values) == 0 && n.list:
		b.WriteString(" " + n.prefix + "[]\n")
	case len(n.values) == 0:
		b.WriteString(" " + n.prefix + "{}\n")
	case n.flow:
		b.WriteString(" " + n.prefix)
		n.writeFlow(b)
		b.WriteString("\n")
	default:
		if n.prefix != "" {
			b.WriteString(" " + strings.TrimSpace(n.prefix))
		}
		b.WriteString("\n")
		n.writeBlock(b, indent)
	}
}

func (n *node) writeBlock(b *strings.Builder, indent string) {
	for i, v := range n.values {
		if n.list {
			b.WriteString(indent + "-")
		} else {
			b.WriteString(indent + n.keys[i] + ":")
		}
		v.write(b, indent+"  ")
	}
}

func (n *node) writeFlow(b *strings.Builder) {
	if n.isScalar() {
		b.WriteString(n.prefix + n.scalar)
		return
	}
	open, end := "{", "}"
	if n.list {
		open, end = "[", "]"
	}
	b.WriteString(open)
	for i, v := range n.values {
		if i > 0 {
			b.WriteString(", ")
		}
		if !n.list {
			b.WriteString(n.keys[i] + ": ")
		}
		v.writeFlow(b)
	}
	b.WriteString(end)
}

func (n *node) text() string {
	var b strings.Builder
	n.writeBlock(&b, "")
	return b.String()
}
