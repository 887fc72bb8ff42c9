package sms

import (
	"errors"
	"strings"
	"testing"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Number{
		"+49 170 1234567": "+491701234567", "0049-170/123.45.67": "+491701234567", " +1 (555) 555-0123 ": "+15555550123",
		"+44 (0) 20 7946 0958": "+442079460958", "٠٠٩٦٢٧٩٠١٢٣٤٥٦": "+962790123456", "＋８１ ９０ １２３４ ５６７８": "+819012345678",
		"\u202a+20 100 123 4567\u202c": "+201001234567", "+۹۸۹۱۲۱۲۳۴۵۶۷": "+989121234567", "+123456789012345": "+123456789012345",
		"0170 1234567": "", "+1234567": "", "+1234567890123456": "", "+0123456789": "", "1 555 555 0123": "", "": "", "+": "", "00": "",
		"+49 170 12345a7": "", "+49+1701234567": "", "+49 170 1234567 x5": "", strings.Repeat("1", 200): "",
	} {
		got, err := ParseNumber(in)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrNumber) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text    string
		n       int
		unicode bool
	}{
		{"", 0, false}, {"Hello @ £5 ñ", 1, false},
		{strings.Repeat("a", 160), 1, false}, {strings.Repeat("a", 161), 2, false}, {strings.Repeat("a", 306), 2, false}, {strings.Repeat("a", 307), 3, false},
		{strings.Repeat("€", 80), 1, false}, {strings.Repeat("€", 81), 2, false},
		{strings.Repeat("€", 153), 3, false}, // 76 in each part, since none is split
		{"ç", 1, true}, {strings.Repeat("ж", 70), 1, true}, {strings.Repeat("ж", 71), 2, true}, {strings.Repeat("ж", 134), 2, true}, {strings.Repeat("ж", 135), 3, true},
		{strings.Repeat("😀", 35), 1, true}, {strings.Repeat("😀", 36), 2, true}, {strings.Repeat("😀", 67), 3, true},
	} {
		if n, u := Parts(c.text); n != c.n || u != c.unicode {
			t.Errorf("%.10q × %d: %d parts, UCS-2 %v, want %d, %v", c.text, len(c.text), n, u, c.n, c.unicode)
		}
	}
}

func TestIsStop(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"STOP", "stop", " Stop! ", "«Stop».", "STOP ALL", "STOPALL", "unsubscribe", "Opt-out", "BAJA", "ALTO", "Cancelar", "ARRET", "ARRÊT", "Arrêter",
		"STOPP", "إيقاف", "ايقاف", "إِيقَاف", "توقف", "إلغاء الاشتراك", "СТОП", "стоп.", "停止", "退订", "退訂", "ＳＴＯＰ", "İPTAL", "iptal", "TỪ CHỐI", "ΣΤΟΠ", "Διαγραφή",
		"הסר", "बंद करें", "ยกเลิก", "수신거부", "配信停止", "لغو", "TD", "🛑 stop",
	} {
		if !IsStop(s) {
			t.Errorf("%q is not heard", s)
		}
	}
	for _, s := range []string{"", "!!", "Where do we stop?", "stop at the bridge", "START", "yes", "endless", "停", "0", strings.Repeat(" ", 200) + "stop"} {
		if IsStop(s) {
			t.Errorf("%q is taken for it", s)
		}
	}
}

func TestInbound(t *testing.T) {
	t.Parallel()
	nested := Inbound{From: "messages.0.from", Text: "messages.0.body.text"}
	for _, c := range []struct {
		in         Inbound
		kind, body string
		want       Message
		err        error
	}{
		{Inbound{}, "application/x-www-form-urlencoded", "from=%2B491701234567&text=Stop+it", Message{"+491701234567", "Stop it"}, nil},
		{Inbound{}, "", "from=491701234567&text=", Message{"+491701234567", ""}, nil},
		{Inbound{From: "From", Text: "Body"}, "application/x-www-form-urlencoded; charset=utf-8", "From=00491701234567&Body=%D9%82%D9%81", Message{"+491701234567", "قف"}, nil},
		{Inbound{}, "application/json; charset=utf-8", `{"from": 491701234567, "text": "hi"}`, Message{"+491701234567", "hi"}, nil},
		{nested, "application/json", `{"messages":[{"from":"+491701234567","body":{"text":"hi"}}]}`, Message{"+491701234567", "hi"}, nil},
		{nested, "application/json", `{"messages":[]}`, Message{}, ErrInbound},
		{nested, "application/json", `{"messages":[7]}`, Message{}, ErrInbound},
		{Inbound{}, "application/json", `{"from": "+491701234567", "text": null}`, Message{}, ErrInbound},
		{Inbound{}, "application/json", `from=1&text=x`, Message{}, ErrInbound},
		{Inbound{}, "", "from=%zz&text=x", Message{}, ErrInbound},
		{Inbound{}, "", "from=491701234567", Message{}, ErrInbound},
		{Inbound{}, "", "text=x", Message{}, ErrInbound},
		{Inbound{}, "", "from=491701234567&text=%ff", Message{}, ErrInbound},
		{Inbound{}, "", "from=BANK&text=x", Message{Text: "x"}, ErrNumber},
		{Inbound{}, "", "from=12345&text=x", Message{Text: "x"}, ErrNumber},
		{Inbound{}, "", "from=491701234567&text=" + strings.Repeat("x", MaxInbound), Message{}, ErrInbound},
	} {
		got, err := c.in.Parse(c.kind, []byte(c.body))
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s %.80q: %+v, %v", c.kind, c.body, got, err)
		}
	}
	if in := (Inbound{Secret: "s3"}); !in.Allowed("s3") || in.Allowed("s") || in.Allowed("") || (Inbound{}).Allowed("") {
		t.Error("the secret")
	}
}

func FuzzInbound(f *testing.F) {
	f.Add("application/json", []byte(`{"from":"+491701234567","text":"x"}`))
	f.Add("", []byte("from=1&text=x"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		m, err := Inbound{}.Parse(kind, body)
		if err != nil {
			return
		}
		if again, err := ParseNumber(string(m.From)); err != nil || again != m.From {
			t.Errorf("%q is from %q", body, m.From)
		}
		IsStop(m.Text)
		if n, _ := Parts(m.Text); (n == 0) != (m.Text == "") {
			t.Errorf("%q has %d parts", m.Text, n)
		}
	})
}
