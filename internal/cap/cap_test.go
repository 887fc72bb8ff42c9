package cap

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"

	"github.com/google/go-cmp/cmp"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func messages(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range all {
		if name := filepath.Base(path); !strings.HasSuffix(name, "-feed.xml") {
			names = append(names, name)
		}
	}
	if len(names) < 5 {
		t.Fatalf("only %q", names)
	}
	return names
}

// TestExamples reads every example, writes it and reads it again.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, name := range messages(t) {
		a, err := Parse(file(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := a.Marshal()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := Parse(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(a, again); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	a, err := Parse(file(t, "standard-a3.xml"))
	if err != nil {
		t.Fatal(err)
	}
	pdt := time.FixedZone("", -7*3600)
	want := &Alert{
		Identifier: "TRI13970876.2", Sender: "trinet@caltech.edu", Sent: time.Date(2003, 6, 11, 20, 56, 0, 0, pdt),
		Status: StatusActual, MsgType: MsgUpdate, Scope: ScopePublic,
		References: []Reference{{"trinet@caltech.edu", "TRI13970876.1", time.Date(2003, 6, 11, 20, 30, 0, 0, pdt)}},
		Info: []Info{{
			Category: []Category{CategoryGeo}, Event: "Earthquake", Urgency: UrgencyPast, Severity: SeverityMinor, Certainty: CertaintyObserved,
			SenderName: "Southern California Seismic Network (TriNet)", Headline: "EQ 3.4 Imperial County CA",
			Description: "A minor earthquake near Brawley, looked at by a seismologist since.", Web: "http://www.trinet.org/scsn/scsn.html",
			Parameter: []Pair{{"EventID", "13970876"}, {"Magnitude", "3.4 Ml"}, {"Depth", "11.8 mi."}},
			Area:      []Area{{Desc: "1 mi. WSW of Brawley, CA", Circle: []Circle{{geo.Point{Lat: 32.9525, Lon: -115.5527}, 0}}}},
		}},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	ref := want.Reference()
	if ref.Identifier != "TRI13970876.2" || !ref.Sent.Equal(want.Sent) {
		t.Errorf("reference %+v", ref)
	}

	a, err = Parse(file(t, "canada-wind.xml"))
	if err != nil {
		t.Fatal(err)
	}
	en := a.Info[0]
	if len(a.Info) != 2 || a.Info[1].Language != "fr-CA" || en.Instruction != "" || en.Parameter[1] != (Pair{"layer:EC-MSC-SMC:1.1:Newly_Active_Areas", ""}) {
		t.Errorf("%+v", a.Info)
	}
	if len(en.Area) != 2 || len(en.Area[0].Polygon[0]) != 24 || !strings.HasPrefix(en.Description, "Strong winds") {
		t.Errorf("%+v", en)
	}
	out, err := a.Marshal()
	if err != nil || !strings.Contains(string(out), "<sent>2022-10-10T10:40:09-00:00</sent>") {
		t.Errorf("UTC is written otherwise: %v %s", err, out)
	}
}

// TestWrong changes one place of a good message and asks which problem that is.
func TestWrong(t *testing.T) {
	t.Parallel()
	good := string(file(t, "standard-a2.xml"))
	const polygon = "38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89 38.47,-120.14"
	for _, c := range []struct{ old, new, field, code string }{
		{"<identifier>KSTO1055887203</identifier>", "", "identifier", "cap.missing"},
		{"KSTO1055887203", "KSTO 1055887203", "identifier", "cap.identifier"},
		{"KSTO1055887203", "KSTO,1055887203", "identifier", "cap.identifier"},
		{"KSTO@NWS.NOAA.GOV", "A&amp;B", "sender", "cap.identifier"},
		{"KSTO@NWS.NOAA.GOV", "A&lt;B", "sender", "cap.identifier"},
		{"2003-06-17T14:57:00-07:00", "2003-06-17T21:57:00Z", "sent", "cap.time"},
		{"2003-06-17T14:57:00-07:00", "2003-06-17T14:57:00.5-07:00", "sent", "cap.time"},
		{"2003-06-17T14:57:00-07:00", "2003-06-17T14:57-07:00", "sent", "cap.time"},
		{"2003-06-17T14:57:00-07:00", "2003-06-17T14:57:00-17:00", "sent", "cap.time"},
		{"2003-06-17T14:57:00-07:00", "2003-02-30T14:57:00-07:00", "sent", "cap.time"},
		{"2003-06-17T16:00:00-07:00", "2003-06-17T14:00:00-07:00", "info[1].expires", "cap.expires"},
		{"<status>Actual", "<status>actual", "status", "cap.code"},
		{"<msgType>Alert", "<msgType>Warning" + strings.Repeat("!", 5000), "msgType", "cap.code"},
		{"<msgType>Alert", "<msgType>Update", "references", "cap.references"},
		{"<scope>Public", "<scope>Restricted", "restriction", "cap.restriction"},
		{"<scope>Public", "<scope>Private", "addresses", "cap.addresses"},
		{"</scope>", "</scope><references>KSTO</references>", "references", "cap.references_form"},
		{"</scope>", `</scope><addresses>"a b" c"d</addresses>`, "addresses", "cap.quote"},
		{"<category>Met</category>", "", "info[1].category", "cap.missing"},
		{"<category>Met", "<category>Weather", "info[1].category[1]", "cap.code"},
		{"<responseType>Shelter", "<responseType>Hide", "info[1].responseType[1]", "cap.code"},
		{"<urgency>Immediate", "<urgency>Now", "info[1].urgency", "cap.code"},
		{"<severity>Severe</severity>", "<severity/>", "info[1].severity", "cap.missing"},
		{"<certainty>Observed", "<certainty>Sure", "info[1].certainty", "cap.code"},
		{"<info>", "<info><language>english please</language>", "info[1].language", "cap.language"},
		{"<contact>", "<web>www.example.org</web><contact>", "info[1].web", "cap.url"},
		{"<valueName>SAME</valueName>\n      <value>SVR", "<valueName/><value>SVR", "info[1].eventCode[1].valueName", "cap.missing"},
		{"<area>", "<resource><resourceDesc>x</resourceDesc><mimeType>a/b</mimeType><size>-1</size></resource><area>", "info[1].resource[1].size", "cap.number"},
		{"<area>", "<resource><resourceDesc>x</resourceDesc><mimeType>a/b</mimeType><digest>12</digest></resource><area>", "info[1].resource[1].digest", "cap.digest"},
		{"<area>", "<resource><resourceDesc>x</resourceDesc></resource><area>", "info[1].resource[1].mimeType", "cap.missing"},
		{"<areaDesc>PARTS OF TUOLUMNE, CALAVERAS AND ALPINE COUNTIES IN CALIFORNIA</areaDesc>", "", "info[1].area[1].areaDesc", "cap.missing"},
		{"</area>", "<ceiling>100</ceiling></area>", "info[1].area[1].ceiling", "cap.ceiling"},
		{"</area>", "<altitude>1e3</altitude></area>", "info[1].area[1].altitude", "cap.number"},
		{"<value>006003</value>", "<value/>", "info[1].area[1].geocode[3].value", "cap.missing"},
		{polygon, "38.47,-120.14 38.34,-119.95 38.47,-120.14", "info[1].area[1].polygon[1]", "cap.polygon_few"},
		{polygon, "38.47,-120.14 38.34,-119.95 38.52,-119.74 38.62,-119.89", "info[1].area[1].polygon[1]", "cap.polygon_open"},
		{polygon, "38.47 -120.14 38.34 -119.95 38.52 -119.74", "info[1].area[1].polygon[1]", "cap.pair"},
		{polygon, "38.47,-120.14,5 38.34,-119.95 38.52,-119.74 38.47,-120.14", "info[1].area[1].polygon[1]", "cap.pair"},
		{polygon, "NaN,-120 38.34,-119.95 38.52,-119.74 NaN,-120", "info[1].area[1].polygon[1]", "cap.pair"},
		{polygon, "-120.14,38.47 -119.95,38.34 -119.74,38.52 -120.14,38.47", "info[1].area[1].polygon[1]", "cap.globe"},
		{polygon, "38,-120 38,181 39,-119 38,-120", "info[1].area[1].polygon[1]", "cap.globe"},
		{polygon, "0,0 1,1 1,0 0,1 0,0", "info[1].area[1].polygon[1]", "cap.polygon_crosses"},
		{polygon, "0,0 1,1 2,2 1,1 0,0", "info[1].area[1].polygon[1]", "cap.polygon_flat"},
		{polygon, "80,0 80,120 80,-120 80,0", "info[1].area[1].polygon[1]", "cap.polygon_around"},
		{"<polygon>" + polygon + "</polygon>", "<circle>38.47,-120.14</circle>", "info[1].area[1].circle[1]", "cap.circle"},
		{"<polygon>" + polygon + "</polygon>", "<circle>38.47,-120.14 -1</circle>", "info[1].area[1].circle[1]", "cap.radius"},
		{"<polygon>" + polygon + "</polygon>", "<circle>38.47,-120.14 30000</circle>", "info[1].area[1].circle[1]", "cap.radius"},
		{"<polygon>" + polygon + "</polygon>", "<circle>91,-120.14 3</circle>", "info[1].area[1].circle[1]", "cap.globe"},
		{"<event>", "<mood>calm</mood><event>", "info[1].mood", "cap.stray"},
		{"<event>", "<event>STORM</event><event>", "info[1].event", "cap.stray"},
		{"<scope>Public</scope>", "<scope>Public</scope><source>late</source>", "source", "cap.stray"},
		{"<event>", "<event lang='en'>", "info[1].lang", "cap.stray"},
		{"<event>", "<event><b>x</b>", "info[1].b", "cap.stray"},
		{"<info>", "<info>by the way ", "info[1].info", "cap.text_between"},
		{"<info>", "<info xmlns='urn:other'>", "info", "cap.stray"},
	} {
		if strings.Count(good, c.old) != 1 && c.old != "<info>" {
			t.Fatalf("%q is not there once", c.old)
		}
		_, err := Parse([]byte(strings.Replace(good, c.old, c.new, 1)))
		f := fault.Of(err)
		if f == nil || f.Kind != fault.KindInvalid || f.Fields[0].Name != c.field || f.Fields[0].Code != c.code {
			t.Errorf("%s: want %s at %s, got %v", c.new, c.code, c.field, err)
			continue
		}
		for _, field := range f.Fields {
			if said := fmt.Sprint(field); len(said) > 500 {
				t.Errorf("it quotes %d characters", len(said))
			}
		}
	}
}

// TestHostile asks that what is no message is refused at once.
func TestHostile(t *testing.T) {
	t.Parallel()
	good := string(file(t, "standard-a2.xml"))
	laughs := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><alert xmlns="` + Namespace + `"><identifier>&b;</identifier></alert>`
	for name, c := range map[string]struct{ doc, code string }{
		"billion laughs":  {laughs, "cap.doctype"},
		"unknown entity":  {strings.Replace(good, "KSTO1055887203", "&who;", 1), "cap.xml"},
		"10 MB":           {good + strings.Repeat(" ", 10<<20), "cap.large"},
		"deep":            {strings.Repeat("<a>", 100_000), "cap.deep"},
		"many elements":   {`<alert xmlns="` + Namespace + `">` + strings.Repeat("<a/>", 100_000) + `</alert>`, "cap.large"},
		"cut off":         {good[:len(good)-20], "cap.xml"},
		"two roots":       {good + "<alert/>", "cap.xml"},
		"words after":     {good + "words", "cap.xml"},
		"nothing":         {"", "cap.xml"},
		"other encoding":  {strings.Replace(good, `encoding = "UTF-8"`, `encoding="ISO-8859-1"`, 1), "cap.xml"},
		"broken UTF-8":    {strings.Replace(good, "STORM", "ST\xffRM", 1), "cap.xml"},
		"CAP 1.1":         {strings.Replace(good, "cap:1.2", "cap:1.1", 1), "cap.namespace"},
		"no namespace":    {strings.Replace(good, ` xmlns = "`+Namespace+`"`, "", 1), "cap.namespace"},
		"a page":          {"<html></html>", "cap.namespace"},
		"external entity": {`<!DOCTYPE alert SYSTEM "file:///etc/passwd">` + good[len(`<?xml version = "1.0" encoding = "UTF-8"?>`):], "cap.doctype"},
	} {
		begin := time.Now()
		_, err := Parse([]byte(c.doc))
		if f := fault.Of(err); f == nil || f.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
	// As many corners as are read, each edge beside all others: bounded work.
	var zigzag strings.Builder
	for i := range MaxPairs/2 - 1 {
		x := float64(i) / 1000
		zigzag.WriteString(pair(geo.Point{Lat: 0, Lon: x}) + " " + pair(geo.Point{Lat: 50, Lon: x + 0.0004}) + " ")
	}
	doc := strings.Replace(good, "38.47,-120.14 38.34,-119.95", zigzag.String()+"60,0 0,0", 1)
	doc = strings.Replace(doc, " 38.52,-119.74 38.62,-119.89 38.47,-120.14", "", 1)
	begin := time.Now()
	a, err := Parse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	level, cells, ok := Cells(a.Info[0].Area, 13, 1000)
	if took := time.Since(begin); took > time.Minute || !ok || len(cells) == 0 || level >= 13 {
		t.Errorf("took %v, level %d, %d cells", took, level, len(cells))
	}
	doc = strings.Replace(doc, "60,0 0,0", "60,1 60,0.5 60,0.4 60,0 0,0", 1)
	if _, err := Parse([]byte(doc)); !fault.HasCode(err, "cap.pairs") {
		t.Errorf("too many corners: %v", err)
	}
}

// TestTolerated is what the standard allows around a message.
func TestTolerated(t *testing.T) {
	t.Parallel()
	good := string(file(t, "standard-a2.xml"))
	want, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for name, doc := range map[string]string{
		"byte order mark": "\ufeff" + good,
		"style sheet":     strings.Replace(good, "?>", "?><?xml-stylesheet href='a.xsl'?>", 1),
		"prefix":          strings.NewReplacer("<alert xmlns ", "<c:alert xmlns:c ", "<?", "<?", "</", "</c:", "<", "<c:").Replace(good),
		"schema location": strings.Replace(good, "<alert ", `<alert xmlns:xsi="`+schemaNS+`" xsi:schemaLocation="x y" `, 1),
		"comments":        strings.ReplaceAll(good, "<area>", "<!-- here --><area>"),
		"CDATA":           strings.Replace(good, "SEVERE THUNDERSTORM WARNING", "<![CDATA[SEVERE THUNDERSTORM WARNING]]>", 1),
		"signature":       strings.Replace(good, "</alert>", `<Signature xmlns="`+signature+`"><a><b>x</b></a></Signature></alert>`, 1),
		"empty optional":  strings.Replace(good, "<scope>", "<source></source><scope>", 1),
		"no polygon":      strings.Replace(good, "</polygon>", "</polygon><polygon></polygon>", 1),
	} {
		a, err := Parse([]byte(doc))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	a, err := Parse([]byte(strings.Replace(good, "<certainty>Observed", "<certainty>Very Likely", 1)))
	if err != nil || a.Info[0].Certainty != CertaintyLikely {
		t.Errorf("the certainty of CAP 1.0: %v", err)
	}
}
