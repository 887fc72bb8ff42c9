package e2e

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// PageOptions says which visitor comes.
type PageOptions struct {
	// Base is the address that paths given to [Page.Goto] start from, and the
	// one origin that [Page.NoThirdParty] allows.
	Base string
	// NoScript is a visitor whose browser runs no script.
	NoScript bool
	// Width and Height are the window in CSS pixels; zero is 1280 by 900. Below
	// 600 the visitor holds a phone.
	Width, Height int64
	// Dark is a visitor who prefers a dark page.
	Dark bool
	// Language is the Accept-Language header; empty is "en".
	Language string
	// Print shows the page as it goes to paper.
	Print bool
	// NoWebGL is a visitor whose browser draws only flat pictures.
	NoWebGL bool
	// AnyCertificate is a visitor whose browser takes the certificate of a test.
	AnyCertificate bool
}

// Chromium is the path of the browser, or empty when there is none.
func Chromium() string {
	if p := os.Getenv(EnvChromium); p != "" {
		return p
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	return ""
}

// browser starts the one Chromium of the test process. Each page is a visitor
// of its own in it, with its own cookies and cache.
var browser = sync.OnceValues(func() (context.Context, error) { return launch() })

// flatBrowser starts one more, for visitors without WebGL.
var flatBrowser = sync.OnceValues(func() (context.Context, error) {
	return launch(chromedp.Flag("disable-3d-apis", true))
})

// trustingBrowser starts one more, for visitors of a node behind TLS.
var trustingBrowser = sync.OnceValues(func() (context.Context, error) {
	return launch(chromedp.Flag("ignore-certificate-errors", true))
})

func launch(more ...chromedp.ExecAllocatorOption) (context.Context, error) {
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(flags(Chromium()), more...)...)
	ctx, quit := chromedp.NewContext(ctx)
	process.atEnd(func() {
		quit()
		stop() // waits until the process and its profile are gone
	})
	return ctx, chromedp.Do(ctx)
}

// flags are those of a quiet browser: it asks nobody for anything by itself, so
// that every request seen is the page's.
func flags(path string) []chromedp.ExecAllocatorOption {
	o := slices.Clone(chromedp.DefaultExecAllocatorOptions[:])
	o = append(o, chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	on := map[string]any{
		// The map that moves needs WebGL, which is drawn without a graphics card.
		"use-angle":                 "swiftshader",
		"enable-unsafe-swiftshader": true,

		"disable-component-update":            true,
		"disable-domain-reliability":          true,
		"disable-quic":                        true,
		"no-pings":                            true,
		"font-render-hinting":                 "none",
		"disable-search-engine-choice-screen": true,
		"lang":                                "en-US",
		"disable-features":                    "Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider,AutofillServerCommunication,HttpsUpgrades",
	}
	for _, name := range slices.Sorted(maps.Keys(on)) {
		o = append(o, chromedp.Flag(name, on[name]))
	}
	return o
}

// Page is one visitor's tab. Its methods fail the test that made it; they are
// for one goroutine.
type Page struct {
	t    testing.TB
	ctx  context.Context
	o    PageOptions
	main cdp.FrameID
	net  *recorder
}

// Browser opens a tab for a new visitor and closes it at the end of the test.
// Without a Chromium it skips, and in CI it fails.
func Browser(t testing.TB, o PageOptions) *Page {
	t.Helper()
	if Chromium() == "" {
		need(t, "no Chromium found; set "+EnvChromium)
	}
	start := browser
	switch {
	case o.NoWebGL:
		start = flatBrowser
	case o.AnyCertificate:
		start = trustingBrowser
	}
	parent, err := start()
	if err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	if o.Width == 0 {
		o.Width, o.Height = 1280, 900
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &Page{t: t, ctx: ctx, o: o, net: newRecorder()}
	if err := p.prepare(); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	return p
}

func (p *Page) prepare() error {
	// The first use of a chromedp context must not have a deadline: it would
	// be the tab's.
	if err := chromedp.Do(p.ctx); err != nil {
		return err
	}
	tree, err := chromedp.Call(p.ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return err
	}
	p.main = tree.FrameTree.Frame.ID
	p.net.main = p.main
	if err := chromedp.Listen(p.ctx, p.net.see); err != nil {
		return err
	}
	return p.emulate()
}

func (p *Page) emulate() error {
	scheme, media, language := "light", "", p.o.Language
	if p.o.Dark {
		scheme = "dark"
	}
	if p.o.Print {
		media = "print"
	}
	if language == "" {
		language = "en"
	}
	return chromedp.Do(p.ctx,
		command(network.Enable, network.EnableParams{}),
		command(log.Enable, cdp.Empty{}),
		command(accessibility.Enable, cdp.Empty{}),
		// A page is weighed as a first visit, whatever was seen before.
		command(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}),
		command(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Accept-Language": language},
		}),
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: p.o.Width, Height: p.o.Height, DeviceScaleFactor: 1, Mobile: p.o.Width < 600,
		}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: media,
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: scheme},
				// Nothing moves while a picture is taken.
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		}),
		command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: p.o.NoScript}),
	)
}

// command makes a step of a protocol command whose result does not matter.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// ask runs a protocol command on the page, bounded by [Patience].
func ask[P, R any](p *Page, c cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	return chromedp.Call(ctx, c, params)
}

// do runs steps on the page, bounded by [Patience].
func (p *Page) do(steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, Patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// until calls look again and again until it reports true or patience ends. The
// page is asked at most every 20 ms, so that waiting does not slow the page.
func until(look func() bool) bool {
	if look() {
		return true
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(Patience)
	for {
		select {
		case <-tick.C:
			if look() {
				return true
			}
		case <-end:
			return look()
		}
	}
}
