package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/domsnapshot"
	"github.com/chromedp/cdproto/page"
)

// Screenshot saves a picture of the whole page as name.png in the folder that
// CONVOKE_SHOTS names. Without the variable it does nothing.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	dir := os.Getenv(EnvShots)
	if dir == "" {
		return
	}
	png, err := p.picture()
	if err != nil {
		p.t.Fatalf("take a picture of %s: %v", p.URL(), err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Page) picture() ([]byte, error) {
	m, err := ask(p, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		return nil, err
	}
	beyond := true
	c, err := ask(p, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: &beyond,
		Clip: &page.Viewport{
			Width: float64(p.o.Width), Height: max(m.CSSContentSize.Height, float64(p.o.Height)), Scale: 1,
		},
	})
	return c.Data, err
}

// NoOverflow fails the test when the page is wider than the window, so that one
// would have to scroll sideways, and names what sticks out.
func (p *Page) NoOverflow(t testing.TB) {
	t.Helper()
	m, err := ask(p, page.GetLayoutMetrics, cdp.Empty{})
	if err != nil {
		t.Fatalf("measure %s: %v", p.URL(), err)
	}
	if wide := m.CSSContentSize.Width; int64(wide) > p.o.Width {
		t.Errorf("%s is %.0f pixels wide in a window of %d: %s", p.URL(), wide, p.o.Width, p.stickingOut())
	}
}

// stickingOut names elements that end beyond the window, innermost first.
func (p *Page) stickingOut() string {
	s, err := ask(p, domsnapshot.CaptureSnapshot, domsnapshot.CaptureSnapshotParams{ComputedStyles: []string{}})
	if err != nil || len(s.Documents) == 0 {
		return "could not find out why"
	}
	doc := s.Documents[0]
	var out []string
	for i, b := range slices.Backward(doc.Layout.Bounds) {
		if len(b) != 4 || b[0]+b[2] <= float64(p.o.Width)+1 {
			continue
		}
		node := doc.Layout.NodeIndex[i]
		if doc.Nodes.NodeType[node] != 1 {
			continue
		}
		out = append(out, fmt.Sprintf("%s ends at %.0f", elementName(s.Strings, doc.Nodes, node), b[0]+b[2]))
		if len(out) == 5 {
			break
		}
	}
	return strings.Join(out, ", ")
}

// elementName is like a selector: li#two.event.
func elementName(text []string, nodes *domsnapshot.NodeTreeSnapshot, node int64) string {
	at := func(i domsnapshot.StringIndex) string {
		if i < 0 || int(i) >= len(text) {
			return ""
		}
		return text[i]
	}
	name := strings.ToLower(at(nodes.NodeName[node]))
	attrs := nodes.Attributes[node]
	for i := 0; i+1 < len(attrs); i += 2 {
		key, value := at(domsnapshot.StringIndex(attrs[i])), at(domsnapshot.StringIndex(attrs[i+1]))
		switch key {
		case "id":
			name += "#" + value
		case "class":
			name += "." + strings.Join(strings.Fields(value), ".")
		}
	}
	return name
}
