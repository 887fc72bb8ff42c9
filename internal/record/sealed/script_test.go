package sealed

import (
	"bytes"
	"compress/gzip"
	"os"
	"testing"
)

// The browser's module weighs no more than a visitor of a sealed poll on a slow phone
// can wait for. What it makes is tested in a browser: e2e TestSealInBrowser.
func TestScriptIsSmall(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../../web/static/sealed/sealed.js")
	must(t, err)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err = z.Write(module)
	must(t, err)
	must(t, z.Close())
	if b.Len() > 2000 {
		t.Errorf("it has %d bytes, compressed", b.Len())
	}
}
