package po

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxRule bounds a plural expression, and with it the depth of its parser;
// the longest in use (Arabic's) has about 100 bytes.
const maxRule = 400

// Plural chooses among the plural forms of a language. Its zero value is not
// usable; see [ParsePlural].
type Plural struct {
	count  int
	eval   expr
	header string
}

type expr func(n uint64) uint64

// ParsePlural reads the value of a Plural-Forms header, as
// "nplurals=2; plural=n != 1;". The expression has C's operators on unsigned
// numbers (GNU gettext manual, "Additional gettext functions for plural
// forms"). An expression that gives a form out of range for any number up to
// 1000 is an error.
func ParsePlural(header string) (Plural, error) {
	if len(header) > maxRule {
		return Plural{}, errors.New("po: Plural-Forms is too long")
	}
	var count int
	var rule string
	for part := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch strings.TrimSpace(name) {
		case "nplurals":
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil || n < 1 || n > MaxPlurals {
				return Plural{}, fmt.Errorf("po: nplurals must be 1 to %d", MaxPlurals)
			}
			count = n
		case "plural":
			rule = value
		}
	}
	if count == 0 || rule == "" {
		return Plural{}, errors.New(`po: Plural-Forms needs "nplurals=...; plural=...;"`)
	}
	p := ruleParser{s: rule}
	e, err := p.ternary()
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %q", p.peek())
	}
	if err != nil {
		return Plural{}, fmt.Errorf("po: plural rule: %w", err)
	}
	for n := range uint64(1001) {
		if e(n) >= uint64(count) {
			return Plural{}, fmt.Errorf("po: plural rule: %d gives form %d of %d", n, e(n), count)
		}
	}
	return Plural{count: count, eval: e, header: header}, nil
}

// String is the header that the rule was read from.
func (p Plural) String() string { return p.header }

// Count is the number of forms.
func (p Plural) Count() int { return p.count }

// Form is the index of the form for n; a negative n counts as its magnitude.
func (p Plural) Form(n int64) int {
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	return int(min(p.eval(u), uint64(p.count-1))) //nolint:gosec // bounded by count
}

// ruleParser is a precedence climber over the operators of C.
type ruleParser struct{ s string }

// operators by rising precedence; within a level the longer come first.
func levels() [][]string {
	return [][]string{{"||"}, {"&&"}, {"==", "!="}, {"<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/", "%"}}
}

func (p *ruleParser) peek() string {
	p.s = strings.TrimLeft(p.s, " \t\r\n")
	if p.s == "" {
		return ""
	}
	for _, op := range []string{"||", "&&", "==", "!=", "<=", ">="} {
		if strings.HasPrefix(p.s, op) {
			return op
		}
	}
	i := 0
	for i < len(p.s) && p.s[i] >= '0' && p.s[i] <= '9' {
		i++
	}
	return p.s[:max(i, 1)]
}

func (p *ruleParser) accept(tok string) bool {
	if p.peek() != tok {
		return false
	}
	p.s = p.s[len(tok):]
	return true
}

func (p *ruleParser) ternary() (expr, error) {
	cond, err := p.binary(0)
	if err != nil || !p.accept("?") {
		return cond, err
	}
	yes, err := p.ternary()
	if err != nil {
		return nil, err
	}
	if !p.accept(":") {
		return nil, fmt.Errorf("expected %q, found %q", ":", p.peek())
	}
	no, err := p.ternary()
	if err != nil {
		return nil, err
	}
	return func(n uint64) uint64 {
		if cond(n) != 0 {
			return yes(n)
		}
		return no(n)
	}, nil
}

func (p *ruleParser) binary(level int) (expr, error) {
	ops := levels()
	if level == len(ops) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
next:
	for {
		for _, op := range ops[level] {
			if !p.accept(op) {
				continue
			}
			right, err := p.binary(level + 1)
			if err != nil {
				return nil, err
			}
			left = apply(op, left, right)
			continue next
		}
		return left, nil
	}
}

func (p *ruleParser) unary() (expr, error) {
	tok := p.peek()
	switch {
	case tok == "!":
		p.accept(tok)
		e, err := p.unary()
		return func(n uint64) uint64 { return truth(e(n) == 0) }, err
	case tok == "(":
		p.accept(tok)
		e, err := p.ternary()
		if err == nil && !p.accept(")") {
			err = errors.New("missing )")
		}
		return e, err
	case tok == "n":
		p.accept(tok)
		return func(n uint64) uint64 { return n }, nil
	}
	v, err := strconv.ParseUint(tok, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("expected a number or n, found %q", tok)
	}
	p.accept(tok)
	return func(uint64) uint64 { return v }, nil
}

// apply joins two operands. Division by zero gives zero: the rule is data and
// must not stop the program.
func apply(op string, a, b expr) expr {
	switch op {
	case "||":
		return func(n uint64) uint64 { return truth(a(n) != 0 || b(n) != 0) }
	case "&&":
		return func(n uint64) uint64 { return truth(a(n) != 0 && b(n) != 0) }
	case "==":
		return func(n uint64) uint64 { return truth(a(n) == b(n)) }
	case "!=":
		return func(n uint64) uint64 { return truth(a(n) != b(n)) }
	case "<=":
		return func(n uint64) uint64 { return truth(a(n) <= b(n)) }
	case ">=":
		return func(n uint64) uint64 { return truth(a(n) >= b(n)) }
	case "<":
		return func(n uint64) uint64 { return truth(a(n) < b(n)) }
	case ">":
		return func(n uint64) uint64 { return truth(a(n) > b(n)) }
	case "+":
		return func(n uint64) uint64 { return a(n) + b(n) }
	case "-":
		return func(n uint64) uint64 { return a(n) - b(n) }
	case "*":
		return func(n uint64) uint64 { return a(n) * b(n) }
	case "/":
		return divide(a, b, func(x, y uint64) uint64 { return x / y })
	default: // "%", the last of levels
		return divide(a, b, func(x, y uint64) uint64 { return x % y })
	}
}

func divide(a, b expr, do func(x, y uint64) uint64) expr {
	return func(n uint64) uint64 {
		d := b(n)
		if d == 0 {
			return 0
		}
		return do(a(n), d)
	}
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
