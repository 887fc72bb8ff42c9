package cap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"convoke/internal/fault"
)

const (
	maxDepth = 12
	maxNodes = 50_000

	signature = "http://www.w3.org/2000/09/xmldsig#"
	schemaNS  = "http://www.w3.org/2001/XMLSchema-instance"
)

// node is an element with its text, or with the elements in it.
type node struct {
	name  xml.Name
	attrs []xml.Attr
	text  string // blanks around it are gone
	mixed bool   // has both elements and text
	kids  []node
}

func malformed(cause error) error {
	return fault.Because(fault.Malformed("cap.xml", "This is not well-formed XML in UTF-8."), cause)
}

// tree reads a document whole. A document type is refused before anything that
// it declares could be used; so are unknown entities and other encodings.
func tree(data []byte, maxSize int) (node, error) {
	if len(data) > maxSize {
		return node{}, fault.TooLarge("cap.large", "It is too large: at most {limit} bytes are read.", "limit", maxSize)
	}
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	open := []*builder{{}}
	for count := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return node{}, malformed(err)
		}
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.Directive:
			return node{}, fault.Malformed("cap.doctype", "It declares a document type, which these files must not have.")
		case xml.StartElement:
			if count++; count > maxNodes {
				return node{}, fault.TooLarge("cap.large", "It is too large: at most {limit} elements are read.", "limit", maxNodes)
			}
			if len(open) > maxDepth {
				return node{}, fault.Malformed("cap.deep", "Its elements are nested too deeply.")
			}
			t = t.Copy()
			open = append(open, &builder{node: node{name: t.Name, attrs: t.Attr}})
		case xml.CharData:
			top.chars.Write(t)
		case xml.EndElement:
			open = open[:len(open)-1]
			above := open[len(open)-1]
			above.node.kids = append(above.node.kids, top.finish())
		}
	}
	root := open[0].finish()
	if len(root.kids) != 1 || root.mixed {
		return node{}, malformed(errors.New("not one root element"))
	}
	return root.kids[0], nil
}

type builder struct {
	node  node
	chars strings.Builder
}

func (b *builder) finish() node {
	b.node.text = strings.TrimSpace(b.chars.String())
	b.node.mixed = b.node.text != "" && len(b.node.kids) > 0
	return b.node
}

// problems gathers what is wrong, up to a number that a person can read.
type problems struct{ fields []fault.FieldError }

const maxProblems = 20

// add quotes no more of a message than a person reads.
func (p *problems) add(f fault.FieldError) {
	if len(p.fields) == maxProblems {
		return
	}
	f.Name = short(f.Name)
	for i, arg := range f.Args {
		if s, ok := arg.(string); ok {
			f.Args[i] = short(s)
		}
	}
	p.fields = append(p.fields, f)
}

func short(s string) string {
	const most = 100
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// err is nil without problems.
func (p *problems) err() error { return fault.Invalid(p.fields...) }
