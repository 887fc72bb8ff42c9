package main

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // for "sql"
)

// sqlCmd is "sql FILE STATEMENT": it changes a database behind convoke's back.
func sqlCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	d, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?_pragma=busy_timeout(10000)")
	ts.Check(err)
	r, err := d.Exec(args[1])
	ts.Check(errors.Join(err, d.Close()))
	if n, err := r.RowsAffected(); err == nil && n == 0 {
		ts.Fatalf("%s changed nothing", args[1])
	}
}

// codeCmd is "code N convoke ...": the command must end with exactly N.
func codeCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v ended with %d, not %d", args[1:], got, want)
	}
}

// absentCmd is "absent TEXT PATH...": no file at or below the paths holds the
// bytes of TEXT; with "!" at least one does.
func absentCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: absent TEXT PATH...")
	}
	files, found := 0, ""
	for _, p := range args[1:] {
		ts.Check(filepath.WalkDir(ts.MkAbs(p), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			files++
			if bytes.Contains(b, []byte(args[0])) {
				found = path
			}
			return err
		}))
	}
	switch {
	case files == 0:
		ts.Fatalf("there is no file to look into")
	case !neg && found != "":
		ts.Fatalf("%s holds %q", found, args[0])
	case neg && found == "":
		ts.Fatalf("no file holds %q", args[0])
	}
}

// captureCmd is "capture NAME FILE EXPRESSION": the first group of the expression
// in a file, or in stdout or stderr, becomes a variable.
func captureCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture NAME FILE EXPRESSION")
	}
	re, err := regexp.Compile(args[2])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) != 2 {
		ts.Fatalf("%s holds no %s", args[1], args[2])
	}
	ts.Setenv(args[0], m[1])
}
