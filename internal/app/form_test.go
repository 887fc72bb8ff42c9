package app_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"convoke/internal/feature/events"
	"convoke/internal/web/webtest"
)

// wrongEvents make each field of an event wrong.
var wrongEvents = map[string]func(*events.Input){
	"title":       func(in *events.Input) { in.Title = "" },
	"description": func(in *events.Input) { in.Description = strings.Repeat("x", 12001) },
	"kind":        func(in *events.Input) { in.Kind = "riot" },
	"state":       func(in *events.Input) { in.State = "maybe" },
	"start_date":  func(in *events.Input) { in.StartDate = "soon" },
	"start_time":  func(in *events.Input) { in.StartTime = "25:00" },
	"end_time":    func(in *events.Input) { in.EndTime = "17:00" },
	"end_date":    func(in *events.Input) { in.EndDate, in.EndTime = "2028-05-05", "10:00" },
	"zone":        func(in *events.Input) { in.Zone = "Mars/Base" },
	"near":        func(in *events.Input) { in.Near = "Nowhere at all" },
	"place":       func(in *events.Input) { in.Place = strings.Repeat("x", 301) },
	"online_url":  func(in *events.Input) { in.OnlineURL = "javascript:alert(1)" },
	"lang":        func(in *events.Input) { in.Lang = "xx-klingon-language" },
	"capacity":    func(in *events.Input) { in.Capacity = "0" },
	"access_note": func(in *events.Input) { in.AccessNote = strings.Repeat("x", 1001) },
}

func TestEventFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, sam := s.signIn("sam")
		s.group(sam, "riverside", "Riverside Neighbours")
		const path = "/groups/riverside/events/new"
		s.visitor().Get(path).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fevents%2Fnew")
		if a := b.Get(path).Want(t, 200, ""); a.Attr("#near", "value") != "Leipzig, Saxony, DE" && !strings.HasPrefix(a.Attr("#near", "value"), "Leipzig") {
			t.Errorf("the group's town is not offered: %q", a.Attr("#near", "value"))
		}
		good := meeting("Soup", "2026-05-05")
		for field, change := range wrongEvents {
			in := good
			change(&in)
			a := b.Post(path, asForm(in, "key", s.IDs.Secret())...).Want(t, 422, "")
			if a.Text("#"+field+"-error") == "" || a.Attr(".error-summary a", "href") != "#"+field || len(a.All("#"+field)) != 1 {
				t.Errorf("%s: no message beside the field: %s", field, a.Text(".error-summary"))
			}
			if field != "title" && a.Attr("#title", "value") != "Soup" {
				t.Errorf("%s: the title is lost", field)
			}
		}
		// The hour that the clocks skip in Leipzig.
		in := good
		in.StartDate, in.StartTime = "2027-03-28", "02:30"
		if a := b.Post(path, asForm(in, "key", s.IDs.Secret())...).Want(t, 422, ""); a.Text("#start_time-error") == "" {
			t.Error("an hour that does not exist is taken")
		}
		if got := titles(s.visitor().Get("/events")); got != nil {
			t.Errorf("half stored: %q", got)
		}
		// Sent twice, the form makes one event.
		pairs := asForm(good, "key", s.IDs.Secret())
		first := b.Post(path, pairs...)
		b.Post(path, pairs...).Want(t, 303, first.Location)
		if got := titles(s.visitor().Get("/events")); len(got) != 1 {
			t.Errorf("sent twice: %q", got)
		}
	})
}

// payloads try to leave the place where text belongs.
var payloads = [...]string{
	`<script>alert(1)</script>`, `"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `</title><svg onload=alert(1)>`,
	`</script><script>alert(1)</script>`, `<!--<script>`, `javascript:alert(1)`, `[x](javascript:alert(1))`, `[x](JaVaScRiPt&#58;alert(1))`,
	`![x](x"onerror="alert(1))`, `<a href="data:text/html,<script>alert(1)</script>">x</a>`, `<iframe srcdoc="<script>alert(1)</script>">`,
	`<math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">`, "`" + `<script>` + "`",
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `{{.}}<script>`, "\u2028<script>\u2029", `<a onmouseover=alert(1)>`, `" autofocus onfocus=alert(1) x="`,
	`<https://x.example/"onclick="alert(1)>`, `<base href=//evil.example>`, `<meta http-equiv=refresh content=0;url=//evil.example>`,
}

func TestTextIsNeverCode(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	b, sam := s.signIn("sam")
	s.group(sam, "riverside", "Riverside Neighbours")
	for i, p := range payloads {
		handle := "g" + strings.Repeat("x", i+3)
		a := b.Post("/groups/new", "name", p, "handle", handle, "about", p, "place", "Leipzig", "langs", "de", "anyway", "1")
		if a.Status != 303 {
			harmless(t, p, a)
			handle = "riverside"
		}
		b.Post("/groups/new", "name", p, "handle", p, "about", p, "place", p, "place_pick", p, "langs", p).Want(t, 422, "")
		in := meeting(p, "2026-05-05")
		in.Description, in.Place, in.Address, in.AccessNote, in.PictureAlt = p, p, p, p, p
		harmless(t, p, b.Post("/groups/"+handle+"/events/new", asForm(in, "key", s.IDs.Secret(), p, p, "do", "preview")...).Want(t, 200, ""))
		a = b.Post("/groups/"+handle+"/events/new", asForm(in, "key", s.IDs.Secret())...)
		if a.Status != 303 {
			t.Errorf("%q: %d %s", p, a.Status, a.Text(".error-summary"))
			continue
		}
		for _, who := range []*webtest.Browser{b, s.visitor()} {
			event, _, _ := strings.Cut(a.Location, "?")
			for _, path := range []string{event, event + "/edit", event + "/attend", "/events", "/events?q=" + "alert", "/calendar", "/groups", "/groups/" + handle, "/"} {
				harmless(t, p, who.Get(path))
			}
		}
		// Refused, it is shown again: in every field, and in messages.
		bad := in
		bad.Kind, bad.State, bad.StartDate, bad.StartTime = events.Kind(p), events.State(p), p, p
		bad.EndDate, bad.EndTime, bad.Zone, bad.Near, bad.OnlineURL, bad.Lang, bad.Capacity = p, p, p, p, p, p, p
		harmless(t, p, b.Post("/groups/riverside/events/new", asForm(bad, "key", s.IDs.Secret(), "sequence", p)...).Want(t, 422, ""))
		harmless(t, p, b.Post("/groups/riverside/events/new", asForm(bad, "key", p)...).Want(t, 400, ""))
		for _, name := range []string{"near", "q", "kind", "from", "radius_km", "lang", "access", "group", "bbox"} {
			harmless(t, p, s.visitor().Get("/events?"+name+"="+escape(p)))
		}
	}
	if _, err := readICS(s.visitor().Get("/events.ics").Body); err != nil {
		t.Error(err)
	}
	if _, err := readAtom(s.visitor().Get("/events.atom").Body); err != nil {
		t.Error(err)
	}
}

func escape(s string) string {
	var out strings.Builder
	for i := range len(s) {
		out.WriteByte('%')
		out.WriteString(strings.ToUpper(string("0123456789abcdef"[s[i]>>4]) + string("0123456789abcdef"[s[i]&15])))
	}
	return out.String()
}

// harmless reads a page as browsers do and looks for anything that would run.
func harmless(t *testing.T, payload string, a webtest.Answer) {
	t.Helper()
	for n := range a.Doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		bad := slices.Contains([]string{"iframe", "object", "embed", "base", "svg", "math", "style"}, n.Data) ||
			n.Data == "meta" && webtest.Attr(n, "http-equiv") != ""
		if n.Data == "script" {
			src, kind := webtest.Attr(n, "src"), webtest.Attr(n, "type")
			bad = !strings.HasPrefix(src, "/static/") && (kind != "application/ld+json" || strings.Contains(webtest.Text(n), "<"))
		}
		for _, at := range n.Attr {
			v := strings.ToLower(strings.Join(strings.Fields(at.Val), ""))
			link := slices.Contains([]string{"href", "src", "action", "formaction", "srcset"}, at.Key)
			bad = bad || strings.HasPrefix(at.Key, "on") || at.Key == "srcdoc" || at.Key == "style" ||
				link && (strings.HasPrefix(v, "javascript:") || strings.HasPrefix(v, "data:") || strings.HasPrefix(v, "//"))
		}
		if bad {
			t.Errorf("%q becomes <%s %v>", payload, n.Data, n.Attr)
		}
	}
}

const photoMark = "CANARY-51.3397-12.3731"

// photo is a JPEG with Exif data that tells a place.
func photo(t *testing.T, side int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range m.Pix { // noise, so that the file is large
		m.Pix[i] = byte(i * i >> 3 * 2654435761 >> 7)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	body := append([]byte("Exif\x00\x00"), photoMark...)
	seg := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2)), body...)
	return slices.Concat(out.Bytes()[:2], seg, out.Bytes()[2:])
}

// bomb declares 50 000 × 50 000 pixels in a few bytes.
func bomb() []byte {
	ihdr := append([]byte("IHDR"), 0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50, 8, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(b, ihdr...), crc32.ChecksumIEEE(ihdr))
}

// It changes the folder of temporary files for the process, so it runs alone.
func TestPictures(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	cfg := settings(t, "")
	s := start(t, cfg)
	b, sam := s.signIn("sam")
	in := meeting("Soup", "2026-05-05")
	path := "/events/" + string(s.event(sam, s.group(sam, "riverside", "Riverside Neighbours"), in))
	send := func(data []byte) webtest.Answer {
		t.Helper()
		seq := b.Get(path+"/edit").Attr("main input[name=sequence]", "value")
		return b.PostFile(path+"/edit", "picture", "../../a.jpg", data, asForm(in, "sequence", seq)...)
	}
	large := photo(t, 1500)
	if len(large) < 2<<20 {
		t.Fatalf("the photo has only %d bytes: it would stay in memory", len(large))
	}
	send(large).Want(t, 303, path+"?saved=1")
	src := s.visitor().Get(path).Attr("img.event-picture", "src")
	a := s.visitor().Get(src).Want(t, 200, "")
	if m, format, err := image.Decode(strings.NewReader(a.Body)); err != nil || m.Bounds().Empty() || strings.Contains(a.Body, photoMark) ||
		a.Header.Get("Content-Type") != "image/"+format || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s %s: %v", src, a.Header.Get("Content-Type"), err)
	}
	var pixel bytes.Buffer
	if err := png.Encode(&pixel, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"bomb": bomb(), "text": []byte("<svg onload=alert(1)>"), "cut": pixel.Bytes()[:40], "huge": make([]byte, cfg.MaxUploadMiB<<20+1000),
	} {
		in.Title = "Soup, " + name
		a := send(data).Want(t, 422, "")
		if a.Text("#picture-error") == "" || a.Attr("#title", "value") != in.Title {
			t.Errorf("%s: no message beside the field: %s", name, a.Text("main"))
		}
		// The event itself is saved, as the message says, and the form can be sent again.
		again := a.Attr("main input[name=sequence]", "value")
		b.Post(path+"/edit", asForm(in, "sequence", again)...).Want(t, 303, path+"?saved=1")
		if now := s.visitor().Get(path); now.Text("h1") != in.Title || now.Attr("img.event-picture", "src") != src {
			t.Errorf("%s: %q with %q", name, now.Text("h1"), now.Attr("img.event-picture", "src"))
		}
	}
	send(make([]byte, (cfg.MaxUploadMiB+1)<<20)).Want(t, 413, "")
	// A new event with a bad picture is made, and its form shown again as its own.
	a = b.PostFile("/groups/riverside/events/new", "picture", "b.png", bomb(), asForm(meeting("Bread", "2026-05-06"), "key", s.IDs.Secret())...).Want(t, 422, "")
	if action := a.Attr("main form.form", "action"); !strings.HasSuffix(action, "/edit") || a.Text("#picture-error") == "" {
		t.Errorf("the form leads to %q", action)
	}
	nothingLeft(t, tmp, cfg.Data)
}

// nothingLeft looks for the uploads as they came.
func nothingLeft(t *testing.T, tmp, data string) {
	t.Helper()
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		for _, l := range left {
			if strings.HasPrefix(l.Name(), "multipart-") {
				t.Errorf("an upload stays in the temporary folder: %s, %v", l.Name(), err)
			}
		}
	}
	err := filepath.WalkDir(data, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if bytes.Contains(b, []byte(photoMark)) {
			t.Errorf("%s holds what the photo told", filepath.Base(p))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
