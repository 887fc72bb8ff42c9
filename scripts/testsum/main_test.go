package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	const pass = `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"T"}
{"Action":"run","Package":"a","Test":"T/x"}
{"Action":"run","Package":"a","Test":"T/y"}
{"Action":"output","Package":"a","Test":"T/y","Output":"    y_test.go:1: no server\n"}
{"Action":"output","Package":"a","Test":"T/y","Output":"    --- SKIP: T/y (0.00s)\n"}
{"Action":"pass","Package":"a","Test":"T/x"}
{"Action":"skip","Package":"a","Test":"T/y"}
{"Action":"pass","Package":"a","Test":"T"}
{"Action":"pass","Package":"a","Elapsed":1.5}
`
	for name, c := range map[string]struct {
		in   string
		ok   bool
		last string
		has  []string
	}{
		"pass": {pass, true, "1 passed, 0 failed, 1 skipped", []string{"ok    a", "a.T/y: y_test.go:1: no server"}},
		"fail in a subtest": {pass + `{"Action":"run","Package":"b","Test":"T"}
{"Action":"run","Package":"b","Test":"T/z"}
{"Action":"output","Package":"b","Test":"T/z","Output":"z is wrong\n"}
{"Action":"fail","Package":"b","Test":"T/z"}
{"Action":"fail","Package":"b","Test":"T"}
{"Action":"fail","Package":"b"}
`, false, "1 passed, 1 failed, 1 skipped", []string{"FAIL: b.T/z", "z is wrong", "FAIL  b"}},
		"fail in the parent only": {`{"Action":"run","Package":"b","Test":"T"}
{"Action":"run","Package":"b","Test":"T/z"}
{"Action":"pass","Package":"b","Test":"T/z"}
{"Action":"fail","Package":"b","Test":"T"}
{"Action":"fail","Package":"b"}
`, false, "1 passed, 1 failed, 0 skipped", []string{"FAIL: b.T "}},
		"does not build": {pass + `{"ImportPath":"c [c.test]","Action":"build-output","Output":"c.go:1: undefined\n"}
{"ImportPath":"c [c.test]","Action":"build-fail"}
{"Action":"fail","Package":"c","FailedBuild":"c [c.test]"}
`, false, "1 passed, 1 failed, 1 skipped", []string{"c.go:1: undefined", "FAIL  c"}},
		"panic ends the package": {pass + `{"Action":"run","Package":"d","Test":"T"}
{"Action":"output","Package":"d","Test":"T","Output":"panic: no\n"}
{"Action":"fail","Package":"d"}
`, false, "1 passed, 1 failed, 1 skipped", []string{"panic: no"}},
		"time limit": {pass + `{"Action":"run","Package":"d","Test":"T"}
{"Action":"output","Package":"d","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"d"}
`, false, "1 passed, 1 failed, 1 skipped", []string{"FAIL: d.T", "panic: test timed out"}},
		"stopped": {pass + `{"Action":"run","Package":"d","Test":"T"}
`, false, "1 passed, 1 failed, 1 skipped", []string{"FAIL: d.T"}},
		"nothing ran":  {`{"Action":"skip","Package":"e"}` + "\n", false, "0 passed, 0 failed, 0 skipped", nil},
		"plain output": {"go: downloading x\n" + pass, true, "1 passed, 0 failed, 1 skipped", []string{"go: downloading x\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			ok, err := run(strings.NewReader(c.in), &out)
			if err != nil || ok != c.ok {
				t.Errorf("run = %v, %v, want %v", ok, err, c.ok)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if got := lines[len(lines)-1]; got != c.last {
				t.Errorf("last line %q, want %q", got, c.last)
			}
			for _, want := range c.has {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, out.String())
				}
			}
		})
	}
}
