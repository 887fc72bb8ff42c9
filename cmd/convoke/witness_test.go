package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// TestWitnessCommand runs a witness alone: it prints its key, the same after a
// restart, cosigns what it knows, and ends well.
func TestWitnessCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	skey, vkey, err := note.GenerateKey(nil, "log.example/log")
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	logs := filepath.Join(dir, "logs")
	err = toFile(logs, func(w io.Writer) error {
		_, err := io.WriteString(w, "log "+vkey+"\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	cp, err := note.Sign(&note.Note{Text: "log.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"}, s)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for range 2 {
		key, answer := witnessOnce(t, filepath.Join(dir, "w"), logs, "old 0\n\n"+string(cp))
		keys[key] = true
		if !strings.HasPrefix(answer, "200 — w.example/witness ") {
			t.Errorf("it answers %s", answer)
		}
	}
	if len(keys) != 1 {
		t.Errorf("its keys are %v", keys)
	}
}

func witnessOnce(t *testing.T, data, logs, request string) (key, answer string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, w := io.Pipe()
	var problems bytes.Buffer
	p := &program{in: strings.NewReader(""), out: w, err: &problems}
	ended := make(chan int)
	go func() {
		code := p.run(ctx, []string{"witness", "--data", data, "--listen", "127.0.0.1:0", "--base-url", "http://w.example", "--logs", logs, "--set", "log_level=warn"})
		w.Close()
		ended <- code
	}()
	lines := bufio.NewScanner(r)
	lines.Scan()
	first := lines.Text()
	lines.Scan()
	key = lines.Text()
	i := strings.Index(first, "(")
	if i < 0 || !strings.HasPrefix(key, "w.example/witness+") {
		stop()
		t.Fatalf("it says %q and %q, ended with %d: %s", first, key, <-ended, problems.String())
	}
	address := strings.TrimSuffix(first[i+1:], ")")
	resp, err := http.Post("http://"+address+"/witness/add-checkpoint", "text/plain", strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("it ends with %d: %s", code, problems.String())
	}
	return key, resp.Status[:4] + string(b)
}
