// Command testsum reads what `go test -json` writes, prints a line for each
// package as it ends and the whole output of each test that failed, and closes
// with the one line
//
//	N passed, N failed, N skipped
//
// which counts tests and subtests without subtests of their own. It exits with
// 1 when anything failed, or when no test ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	ok, err := run(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// event is a line of go test -json; see go doc test2json.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build-output and build-fail
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

type test struct {
	parent  bool // has subtests, which are counted in its place
	action  string
	output  []string
	elapsed float64
}

type pkg struct {
	tests  map[string]*test
	order  []string
	output []string // not of any test
}

type summary struct {
	out                     io.Writer
	pkgs                    map[string]*pkg
	builds                  map[string][]string // output of builds
	passed, failed, skipped int
	skips                   []string
}

// run reads events to the end and reports whether all is well.
func run(in io.Reader, out io.Writer) (bool, error) {
	s := &summary{out: out, pkgs: map[string]*pkg{}, builds: map[string][]string{}}
	r := bufio.NewReader(in)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			s.line(line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, err
		}
	}
	s.unfinished()
	if len(s.skips) > 0 {
		fmt.Fprintf(out, "Skipped:\n%s", strings.Join(s.skips, ""))
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return s.failed == 0 && s.passed > 0, nil
}

func (s *summary) line(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil || e.Action == "" {
		fmt.Fprintf(s.out, "%s", line) // what the go command says beside the events
		return
	}
	switch e.Action {
	case "build-output":
		s.builds[e.ImportPath] = append(s.builds[e.ImportPath], e.Output)
		return
	case "build-fail":
		return // the package's own event names it
	}
	p := s.pkgs[e.Package]
	if p == nil {
		p = &pkg{tests: map[string]*test{}}
		s.pkgs[e.Package] = p
	}
	if e.Test == "" {
		s.packageEvent(p, e)
		return
	}
	p.testEvent(e)
}

func (p *pkg) testEvent(e event) {
	t := p.tests[e.Test]
	if t == nil {
		t = &test{}
		p.tests[e.Test] = t
		p.order = append(p.order, e.Test)
		for i := range e.Test {
			if e.Test[i] == '/' && p.tests[e.Test[:i]] != nil {
				p.tests[e.Test[:i]].parent = true
			}
		}
	}
	switch e.Action {
	case "output":
		t.output = append(t.output, e.Output)
	case "pass":
		t.action, t.elapsed, t.output = e.Action, e.Elapsed, nil
	case "fail", "skip":
		t.action, t.elapsed = e.Action, e.Elapsed
	}
}

func (s *summary) packageEvent(p *pkg, e event) {
	switch e.Action {
	case "output":
		p.output = append(p.output, e.Output)
	case "pass", "fail", "skip":
		s.close(e, p)
		delete(s.pkgs, e.Package)
	}
}

// close counts and prints a package that ended.
func (s *summary) close(e event, p *pkg) {
	passed, failed, skipped := s.passed, s.failed, s.skipped
	for _, name := range p.order {
		s.count(e, p, name)
	}
	passed, failed, skipped = s.passed-passed, s.failed-failed, s.skipped-skipped
	if e.Action == "fail" {
		if failed == 0 {
			// It did not build, or ended outside a test: that is a failure too.
			s.failed++
			failed = 1
		}
		// A time limit or a crash tells where everything stood here, outside
		// any test.
		for _, o := range slices.Concat(s.builds[e.FailedBuild], p.output) {
			fmt.Fprint(s.out, o)
		}
	}
	switch {
	case e.Action == "fail":
		fmt.Fprintf(s.out, "FAIL  %-40s %6.1fs  %d failed, %d passed\n", e.Package, e.Elapsed, failed, passed)
	case passed+skipped == 0:
		// A package without tests is not worth a line.
	default:
		fmt.Fprintf(s.out, "ok    %-40s %6.1fs  %d passed\n", e.Package, e.Elapsed, passed)
	}
}

func (s *summary) count(e event, p *pkg, name string) {
	t := p.tests[name]
	action := t.action
	if action == "" {
		action = "fail" // it began and did not end: a panic or the time limit
	}
	switch {
	case action == "fail" && t.parent && p.failedBelow(name):
		s.show(t) // its subtests are counted; what it said itself still helps
	case action == "fail":
		s.failed++
		fmt.Fprintf(s.out, "FAIL: %s.%s (%.1fs)\n", e.Package, name, t.elapsed)
		s.show(t)
	case t.parent:
	case action == "skip":
		s.skipped++
		s.skips = append(s.skips, fmt.Sprintf("  %s.%s: %s\n", e.Package, name, reason(t.output)))
	default:
		s.passed++
	}
}

func (p *pkg) failedBelow(name string) bool {
	for _, n := range p.order {
		if a := p.tests[n].action; strings.HasPrefix(n, name+"/") && (a == "fail" || a == "") {
			return true
		}
	}
	return false
}

func (s *summary) show(t *test) {
	for _, o := range t.output {
		if !strings.HasPrefix(o, "=== ") {
			fmt.Fprint(s.out, o)
		}
	}
}

// reason is the last thing that a skipped test said.
func reason(output []string) string {
	for _, o := range slices.Backward(output) {
		o = strings.TrimSpace(o)
		if o != "" && !strings.HasPrefix(o, "---") && !strings.HasPrefix(o, "===") {
			return o
		}
	}
	return "no reason given"
}

// unfinished counts packages whose end was never told: the test command was
// stopped.
func (s *summary) unfinished() {
	for name, p := range s.pkgs {
		if len(p.order) > 0 || len(p.output) > 0 {
			s.close(event{Action: "fail", Package: name}, p)
		}
	}
}
