package main

import (
	"context"
	"os"
	"os/signal"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this test binary as "convoke".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"convoke": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ()}
		code := p.run(ctx, os.Args[1:])
		stop()
		os.Exit(code)
	}})
}

// TestScripts runs the transcripts in testdata/script: what an operator types
// and what they see.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireUniqueNames: true,
		UpdateScripts: os.Getenv("CONVOKE_UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"sql": sqlCmd, "code": codeCmd, "absent": absentCmd,
		},
	})
}
