package e2e

import (
	"encoding/json"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	permissions "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"

	"convoke/internal/app"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/i18n"
	"convoke/internal/notify/webpush"
	"convoke/internal/notify/webpush/pushservice"
)

// TestPush is somebody who wants alerts in their browser: one that cannot is told so kindly
// and offered other ways, and leaves no worker behind; one that can subscribes, and shows
// what the node sends, encrypted and signed, through a push service. The service is the
// test's own, so that of the browser's only what asks it is replaced; behind TLS, since
// else the node offers no such messages.
func TestPush(t *testing.T) {
	t.Parallel()
	addr, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr}))
	t.Cleanup(front.Close)
	var service *pushservice.Service
	x := newTogetherAt(t, addr, PageOptions{Base: front.URL, AnyCertificate: true, Width: 320, Height: 640}, ServerOptions{}, func(n *app.Node) {
		service = pushTo(t, n)
	})
	none := x.o
	none.NoScript = true
	p := Browser(t, none)
	p.Goto("/alerts/subscribe?channel=push")
	p.sound(t)
	p.HasText("It needs scripts for this; all other ways work without.")
	p.Fill("Place", "Leipzig, Germany")
	p.ClickRole("button", "Get alerts in this browser")
	p.hasStatus(t, 422)
	p.HasText("This browser gave no address for messages.")

	p = Browser(t, x.o)
	p.Goto("/alerts/subscribe?channel=push&near=Leipzig,+Germany")
	p.ClickRole("button", "Get alerts in this browser")
	p.HasText("This browser cannot show messages, or was not let. Please choose another way.")
	p.Axe(t) // the browser of a test has no push messages, and complains of being asked
	p.NoOverflow(t)
	p.Screenshot("alerts-push-refused")
	p.isGone(t)
	p.ClickRole("link", "E-mail")
	if got := p.Value("Place"); got != "Leipzig, Germany" {
		t.Errorf("another way begins with the place %q", got)
	}

	p = Browser(t, x.o)
	p.mayShow(t, permissions.PermissionSettingGranted)
	b, err := service.Subscribe("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ask(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `PushManager.prototype.subscribe = async function () { return ` + b.JSON() + `; }`,
	}); err != nil {
		t.Fatal(err)
	}
	p.Goto("/alerts/subscribe?channel=push&near=Leipzig,+Germany")
	worker := p.registered(t)
	key := p.Attr("form[data-push]", "data-push")
	p.ClickRole("button", "Get alerts in this browser")
	p.HasText("You get alerts in this browser from now on.")
	p.sound(t)
	if !until(func() bool { return len(b.Messages()) > 0 }) {
		t.Fatal("nothing was sent")
	}
	m := b.Messages()[0]
	if m.Sender != key {
		t.Errorf("signed with %s, and the page has %s", m.Sender, key)
	}
	var said struct{ Title, Body, URL, Tag, Lang, Dir string }
	if err := json.Unmarshal(m.Text, &said); err != nil {
		t.Fatal(err)
	}
	p.pushes(t, worker(), string(m.Text), strings.Join([]string{said.Title, said.Body, said.Tag, said.Lang, said.Dir, said.URL, "again", "Leave"}, "|"))
}

// pushTo lets a node send its messages through a push service of the test's.
func pushTo(t *testing.T, n *app.Node) *pushservice.Service {
	t.Helper()
	service, err := pushservice.Start(t.Context(), n.Clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := service.Close(); err != nil {
			t.Error(err)
		}
	})
	key, err := webpush.LoadKey(t.Context(), n.Vault)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := webpush.NewSender(service.Transport(), key, n.Config.BaseURL, n.Clock)
	if err != nil {
		t.Fatal(err)
	}
	ways := n.Subscriptions.Ways
	i := slices.IndexFunc(ways, func(w subscriptions.Way) bool { return w.Proof == subscriptions.ByKeys })
	if i < 0 {
		t.Fatal("the node offers no messages in browsers")
	}
	locales, err := i18n.Load(false)
	if err != nil {
		t.Fatal(err)
	}
	ways[i] = subscriptions.PushWay(subscriptions.Push{Sender: sender, Clock: n.Clock, Locales: locales})
	return service
}
