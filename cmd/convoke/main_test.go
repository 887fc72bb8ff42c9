package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this test binary as "convoke".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"convoke": main})
}

// TestScripts runs the transcripts in testdata/script: what an operator types
// and what they see.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireUniqueNames: true,
		UpdateScripts: os.Getenv("CONVOKE_UPDATE_SCRIPTS") != "",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"sql": sqlCmd, "code": codeCmd, "absent": absentCmd, "capture": captureCmd,
			"petition": petitionCmd, "poll": pollCmd, "activate": activateCmd, "issue": issueCmd, "cast": castCmd, "join": joinCmd, "flip": flipCmd, "files": filesCmd,
			"sealedpoll": sealedPollCmd, "closepoll": closePollCmd, "releases": releasesCmd,
		},
	})
}
