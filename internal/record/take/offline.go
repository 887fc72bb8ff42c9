package take

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"regexp"
	"strings"
	"time"

	"convoke/internal/web"
)

// offlineScript is what the saved page does, with the functions of record.js.
//
//go:embed offline.js
var offlineScript string

// offlineStyle is the look of the saved page, which loads nothing.
const offlineStyle = `:root{color-scheme:light dark}body{font:1.05rem/1.5 sans-serif;max-width:40rem;margin:1rem auto;padding:0 1rem;overflow-wrap:anywhere}` +
	`textarea,input:not([size],[type]){width:100%;box-sizing:border-box}textarea,input:not([type]),select,button{font:inherit;min-height:2.75rem;max-width:100%}` +
	`fieldset{border:0;padding:0}legend{font-weight:bold}.choices label{display:block;padding:.6rem 0}.field{margin:1rem 0}.field label{display:block}` +
	`textarea,#code{font-family:monospace}#failed{font-weight:bold;border-inline-start:5px solid;padding:.5rem}[hidden]{display:none}`

type offlineData struct {
	about
	Ticket string
	Paste  string
	Saved  time.Time
}

var offlinePage = web.NewPage[offlineData](pages, "pages/offline.html", "pages/parts.html")

// exported finds what modules export: in one script there is nothing to import.
var exported = regexp.MustCompile(`(?m)^export `)

// offline is the page to save: one file that has everything in it and may, by its
// own policy, load and send nothing.
func (w *Web) offline(c *web.Call) error {
	k, err := w.find(c)
	if err != nil {
		return err
	}
	t, err := w.ticket(c.Context(), k.box)
	if err != nil {
		return err
	}
	d := offlineData{about: k.about(c.NewForm()), Paste: c.BaseURL() + "/b/" + k.box.ID.String() + "/paste", Saved: c.Now().UTC()}
	if d.Opens.IsZero() {
		d.Paste += "#cast"
	}
	if d.Ticket, err = t.text(); err != nil {
		return err
	}
	main, err := offlinePage.Fragment(c, d)
	if err != nil {
		return err
	}
	text, err := file(c, k.what.Title, main)
	if err != nil {
		return err
	}
	c.Header().Set("Content-Disposition", `attachment; filename="convoke-`+k.box.ID.String()[:8]+`.html"`)
	return c.Write(200, "text/html; charset=utf-8", []byte(text))
}

// file wraps the page in a document of its own.
func file(c *web.Call, title string, main template.HTML) (string, error) {
	record, err := web.Static("record.js")
	if err != nil {
		return "", err
	}
	seals, err := web.Static("sealed/sealed.js")
	if err != nil {
		return "", err
	}
	inline := func(module []byte) string { return exported.ReplaceAllString(string(module), "") }
	script := "\n" + inline(record) + "const seal = (() => {\n" + inline(seals) + "return seal;\n})();\n" + offlineScript
	if strings.Contains(strings.ToLower(script), "</script") {
		return "", errors.New("the script of the saved page would end itself")
	}
	policy := "default-src 'none'; script-src " + named(script) + "; style-src " + named(offlineStyle) + "; base-uri 'none'; form-action 'none'"
	return `<!doctype html>
<html lang="` + c.Locale.Tag() + `" dir="` + c.Locale.Dir() + `">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="` + policy + `">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>` + template.HTMLEscapeString(title) + `</title>
<style>` + offlineStyle + `</style>
</head>
<body>
<main>` + string(main) + `</main>
<script type="module">` + script + `</script>
</body>
</html>
`, nil
}

// named is the name of an inline script or style in a content policy.
func named(text string) string {
	h := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}
