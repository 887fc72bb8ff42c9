package web_test

import (
	"net/http"
	"testing"

	"convoke/internal/web"
)

// No body makes the server fail, whatever it claims to be.
func FuzzForm(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", "title=a&title=b&x=%00%ff")
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n--x--\r\n")
	f.Add("multipart/form-data", "")
	f.Add("text/plain; charset=\"", "a=b")
	f.Fuzz(func(t *testing.T, ctype, body string) {
		s, _ := site(t)
		s.Handle("POST /form", func(c *web.Call) error {
			fm, err := c.Form()
			if err != nil {
				return err
			}
			fm.Fail("title", "No.")
			return page.RenderForm(c, fm, data{Form: fm, Text: fm.Line("title") + fm.Text("x")})
		})
		if w := do(s, http.MethodPost, "/form", body, "Content-Type", ctype); w.Code >= 500 {
			t.Fatalf("%q %q: %d", ctype, body, w.Code)
		}
	})
}
