package e2e

import (
	"context"
	_ "embed" // axe-core
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

//go:embed testdata/axe/axe.min.js
var axeSource string

// axeRun asks for WCAG 2.0 to 2.2 at A and AA, and the best practices.
const axeRun = `axe.run(document, {
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
	resultTypes: ["violations"],
}).then(r => JSON.stringify({
	passes: r.passes.length,
	violations: r.violations.map(v => ({
		id: v.id, impact: v.impact, help: v.help,
		nodes: v.nodes.map(n => ({target: n.target.flat(9).join(" "), summary: n.failureSummary, html: n.html})),
	})),
}))`

// axeResult is what axeRun gives.
type axeResult struct {
	Passes     int
	Violations []violation
}

type violation struct {
	ID, Impact, Help string
	Nodes            []struct{ Target, Summary, HTML string }
}

// String is a violation for a reader of the test's log.
func (v violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for i, n := range v.Nodes {
		if i == 5 {
			fmt.Fprintf(&b, "\n\tand %d more", len(v.Nodes)-i)
			break
		}
		fmt.Fprintf(&b, "\n\t%s\n\t\t%.200s\n\t\t%s", n.Target, n.HTML, strings.ReplaceAll(n.Summary, "\n", " "))
	}
	return b.String()
}

// Axe fails the test for each rule of axe-core that the page on show breaks.
//
// It judges the page as it stands, also one that answers a form, or one whose
// visitor runs no script. For that it works in an isolated world, where neither
// the content policy nor the page's scripts reach, and lets script run in the
// tab for as long as it takes; the scripts of a page that was loaded without
// them do not start by that.
func (p *Page) Axe(t testing.TB) {
	t.Helper()
	r, err := p.axe()
	if err != nil {
		t.Fatalf("run axe on %s: %v", p.URL(), err)
	}
	if r.Passes == 0 {
		t.Errorf("axe found nothing to judge on %s", p.URL())
	}
	for _, v := range r.Violations {
		t.Errorf("axe on %s: %v", p.URL(), v)
	}
}

func (p *Page) axe() (axeResult, error) {
	var r axeResult
	if p.o.NoScript {
		on := emulation.SetScriptExecutionDisabledParams{Value: false}
		if _, err := ask(p, emulation.SetScriptExecutionDisabled, on); err != nil {
			return r, err
		}
		defer func() {
			off := emulation.SetScriptExecutionDisabledParams{Value: true}
			if _, err := ask(p, emulation.SetScriptExecutionDisabled, off); err != nil {
				p.t.Errorf("switch script off again: %v", err)
			}
		}()
	}
	world, err := ask(p, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: p.main, WorldName: "axe"})
	if err != nil {
		return r, err
	}
	if _, err := p.evaluate(world.ExecutionContextID, axeSource+"\n;0"); err != nil {
		return r, fmt.Errorf("load axe-core: %w", err)
	}
	out, err := p.evaluate(world.ExecutionContextID, axeRun)
	if err != nil {
		return r, err
	}
	var text string
	if err := json.Unmarshal(out, &text); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(text), &r)
}

// evaluate runs script in one world of the page and waits for its promise.
func (p *Page) evaluate(world runtime.ExecutionContextID, source string) (json.RawMessage, error) {
	yes := true
	v, err := ask(p, runtime.Evaluate, runtime.EvaluateParams{
		Expression: source, ContextID: world, ReturnByValue: &yes, AwaitPromise: &yes,
	})
	if err != nil {
		return nil, err
	}
	if v.ExceptionDetails != nil {
		return nil, fmt.Errorf("script: %s", exception(v.ExceptionDetails))
	}
	return json.RawMessage(v.Result.Value), context.Cause(p.ctx)
}
