package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"convoke/internal/api"
	"convoke/internal/api/apitest"
	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

type thingIn struct {
	ID   string `path:"id"`
	Many int    `query:"many"`
}

type apiThing struct {
	ID   string   `json:"id"`
	Kind string   `json:"kind" enum:"small,large"`
	Tags []string `json:"tags,omitempty" nullable:"false"`
}

type putIn struct {
	ID   string `path:"id"`
	Body apiThing
}

// site has one of each sort of operation. shown counts how often the thing was
// really looked up.
func site(t *testing.T, o api.Options) (c *apitest.Client, shown *int) {
	t.Helper()
	s := webtest.New(t, clock.NewManual(dbtest.Now), nil)
	a := apitest.Node(t, s)
	if o.Limit != nil {
		a.Limit, a.Client = o.Limit, o.Client
	}
	shown = new(int)
	api.Add(a, api.Op{
		Method: "GET", Path: "/things/{id}", ID: "getThing", Tag: "things", Summary: "One thing", Scope: api.Read, Open: true,
		Cache: func(*web.Call) ([]string, time.Duration) { return []string{"things"}, time.Hour },
	}, func(c *web.Call, in *thingIn) (apiThing, error) {
		*shown++
		switch in.ID {
		case "gone":
			return apiThing{}, fault.Gone("thing.gone", "It is gone.")
		case "broken":
			return apiThing{}, errors.New("secret details")
		}
		return apiThing{ID: in.ID + c.Actor().Handle, Kind: "small"}, nil
	})
	api.Add(a, api.Op{
		Method: "POST", Path: "/things/{id}", ID: "putThing", Tag: "things", Summary: "Keep a thing", Scope: api.Events, Status: 201, Keyed: true, Open: true,
	}, func(c *web.Call, in *putIn) (apiThing, error) {
		key, err := a.Key(c)
		if err != nil {
			return apiThing{}, err
		}
		in.Body.ID = key
		return in.Body, nil
	})
	api.Do(a, api.Op{
		Method: "DELETE", Path: "/things/{id}", ID: "dropThing", Tag: "things", Summary: "Drop a thing", Scope: api.Roles,
	}, func(c *web.Call, in *thingIn) error {
		if c.Actor().Operator {
			t.Error("a token has an operator's powers")
		}
		return nil
	})
	return apitest.New(t, s), shown
}

func TestAnswersAndCache(t *testing.T) {
	t.Parallel()
	c, shown := site(t, api.Options{})
	var got apiThing
	a := c.Get("/things/a").Want(200, &got)
	if got.ID != "a" || a.Header.Get("ETag") == "" {
		t.Errorf("%+v %v", got, a.Header)
	}
	c.Get("/things/a", "If-None-Match", a.Header.Get("ETag")).Want(304, nil)
	if *shown != 1 {
		t.Errorf("looked up %d times", *shown)
	}
	mine := c.As("olga")
	a = mine.Get("/things/a").Want(200, &got)
	if got.ID != "aolga" || !strings.HasPrefix(a.Header.Get("Cache-Control"), "private") {
		t.Errorf("%+v %v", got, a.Header)
	}
	mine.Get("/things/a", "If-None-Match", a.Header.Get("ETag")).Want(304, nil)
	mine.Get("/things/b", "If-None-Match", a.Header.Get("ETag")).Want(200, nil)
	mine.Do("DELETE", "/things/a", nil).Want(204, nil)
	c.Get("/things/gone").Refused(410, "thing.gone")
}

func TestInternalErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	c, _ := site(t, api.Options{})
	a := c.Get("/things/broken")
	a.Refused(500, "internal")
	if strings.Contains(string(a.Body), "secret") {
		t.Errorf("%s", a.Body)
	}
}

func TestWhatIsSentIsChecked(t *testing.T) {
	t.Parallel()
	c, _ := site(t, api.Options{})
	key := []string{"Idempotency-Key", "0123456789abcdefghijklmn"}
	good := `{"id":"x","kind":"small"}`
	c.Do("POST", "/things/a", good, key...).Want(201, nil)
	c.Do("POST", "/things/a", `{"kind":"huge","tags":["a",1],"more":1}`, key...).Refused(422, "form.invalid",
		"#/id", "api.missing", "#/kind", "api.choice", "#/tags/1", "api.value", "#/more", "api.unknown")
	c.Do("POST", "/things/a", `{"id":`, key...).Refused(400, "api.json")
	c.Do("POST", "/things/a", "", key...).Refused(400, "api.json")
	for _, nul := range []string{`{"id":"\u0000","kind":"small"}`, `{"id":"a\\\u0000","kind":"small"}`, `{"\u0000":1}`} {
		c.Do("POST", "/things/a", nul, key...).Refused(400, "api.json")
	}
	c.Do("POST", "/things/a", `{"id":"a\\u0000","kind":"small"}`, key...).Want(201, nil) // a backslash and letters
	c.Do("POST", "/things/a", `{"id":"`+strings.Repeat("x", 256<<10)+`"}`, key...).Refused(413, "form.large")
	c.Do("POST", "/things/a", good, append(key, "Content-Type", "text/plain")...).Refused(400, "api.media_type")
	c.Get("/things/a?many=x").Refused(422, "form.invalid", "#/many", "api.value")
	c.Get("/things/a?few=1").Refused(422, "form.invalid", "#/few", "api.unknown")
	c.Get("/nothing").Refused(404, "web.not_found")
	c.Do("PUT", "/things/a", good).Refused(405, "web.method")
	if b := c.Do("POST", "/things/a", "{}", append(key, "Accept-Language", "es")...).Body; strings.Contains(string(b), "This is missing") {
		t.Errorf("not in the language that was asked for: %s", b)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	c, _ := site(t, api.Options{})
	c.Do("DELETE", "/things/a", nil).Refused(401, "token.missing")
	c.As("olga read events:write").Do("DELETE", "/things/a", nil).Refused(403, "token.scope")
	c.As("olga events:write").Get("/things/a").Refused(403, "token.scope") // a token is held to its scopes also where none is needed
	c.As("olga roles:write").Do("DELETE", "/things/a", nil).Want(204, nil)
	c.As("nobody").Get("/things/a").Refused(401, "token.invalid")
	c.Get("/things/a", "Authorization", "Basic b2xnYTp4").Refused(401, "token.invalid")
}

func TestKeys(t *testing.T) {
	t.Parallel()
	c, _ := site(t, api.Options{})
	post := func(c *apitest.Client, path, key string) string {
		var got apiThing
		c.Do("POST", path, `{"id":"x","kind":"small"}`, "Idempotency-Key", key).Want(201, &got)
		return got.ID
	}
	const key = "0123456789abcdefghijklmn"
	one := post(c, "/things/a", key)
	if len(one) != 26 || one != post(c, "/things/a", key) {
		t.Errorf("not the same again: %q", one)
	}
	seen := map[string]bool{one: true}
	for _, other := range []string{
		post(c, "/things/b", key), post(c, "/things/a", key+"x"), post(c.As("olga"), "/things/a", key), post(c.As("mia"), "/things/a", key),
	} {
		if seen[other] {
			t.Error("two requests have one key")
		}
		seen[other] = true
	}
	c.Do("POST", "/things/a", `{"id":"x","kind":"small"}`, "Idempotency-Key", "too-short-for-anybody").Refused(400, "api.key")
	c.As("olga").Do("POST", "/things/a", `{"id":"x","kind":"small"}`).Refused(400, "api.key")
	post(c.As("olga"), "/things/a", "monday-1")
}

// few allows two requests of each.
type few map[string]int

func (f few) Allow(bucket, who string) (bool, time.Duration) {
	f[bucket+" "+who]++
	return f[bucket+" "+who] <= 2, 90 * time.Second
}

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	f := few{}
	c, _ := site(t, api.Options{Limit: f, Client: func(*http.Request) string { return "here" }})
	for range 2 {
		c.Get("/things/a").Want(200, nil)
	}
	a := c.Get("/things/a")
	a.Refused(429, "api.often")
	if a.Header.Get("Retry-After") != "90" {
		t.Errorf("Retry-After: %q", a.Header.Get("Retry-After"))
	}
	c.As("olga").Get("/things/a").Want(200, nil) // a token is counted by itself
	c.As("nobody").Get("/things/a").Refused(429, "api.often")
	if f["api here"] != 4 || f["api token of olga"] != 1 {
		t.Errorf("counted: %v", f)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := webtest.New(t, clock.NewManual(dbtest.Now), nil)
	apitest.Node(t, s)
	p := webtest.NewBrowser(t, s).Get("/api").Want(t, 200, "")
	if !strings.Contains(p.Text("pre code"), "curl 'http://localhost/api/v1/events") || p.Attr(`a[href=/api/openapi.json]`, "href") == "" {
		t.Error(p.Body)
	}
}
