package alerts

import (
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/web"
)

type (
	apiList struct {
		Near     string `query:"near" doc:"A town, a postcode or coordinates: alerts within 25 km."`
		Cell     string `query:"cell" doc:"A cell of the grid: an S2 token of level 12."`
		Category string `query:"category" doc:"weather, fire, eviction, utility, service, road, operation, threat, person, medical or observers."`
	}
	apiID struct {
		ID string `path:"id"`
	}
	apiHandle struct {
		Handle string `path:"handle"`
	}
	apiAfter struct {
		After string `query:"after" doc:"The member next of the page before."`
	}
	apiReportIn struct {
		Body struct {
			Category  string `json:"category"`
			Place     string `json:"place" doc:"A town, a postcode or coordinates."`
			Network   string `json:"network,omitempty" doc:"Handle, where several watch the place."`
			Ago       int    `json:"ago" enum:"0,15,30,60,120,240,480" doc:"Minutes since it was seen."`
			FirstHand bool   `json:"first_hand" doc:"Whether the reporter saw it."`
			Note      string `json:"note,omitempty" doc:"For verifiers; of no person, officer, vehicle or house."`
		}
	}
	apiKey struct {
		Key string `path:"key"`
	}
	apiMoreIn struct {
		Key  string `path:"key"`
		Body struct {
			Note string `json:"note"`
		}
	}
	apiCallIn struct {
		Handle string `path:"handle"`
		Body   struct {
			Link string `json:"link" doc:"Address of the page of a confirmed subscription to alerts that comes otherwise than by mail; empty is by mail."`
		}
	}
	apiNetworkIn struct {
		Body struct {
			Handle     string   `json:"handle"`
			Group      string   `json:"group" doc:"Handle of the group that starts it."`
			Name       string   `json:"name"`
			Area       string   `json:"area" doc:"A line for each part: a place, a semicolon, kilometres; or + or - and names of cells of the grid to be in the area or not."`
			Categories []string `json:"categories" nullable:"false"`
			Rules      string   `json:"rules,omitempty" doc:"Markdown."`
		}
	}
	apiNetworkPut struct {
		Handle string `path:"handle"`
		Body   struct {
			Name       string   `json:"name"`
			Area       string   `json:"area" doc:"A line for each part: a place, a semicolon, kilometres; or + or - and names of cells of the grid to be in the area or not."`
			Categories []string `json:"categories" nullable:"false"`
			Rules      string   `json:"rules,omitempty" doc:"Markdown."`
			Sequence   int      `json:"sequence" doc:"That of the network as it was read."`
			Closed     bool     `json:"closed,omitempty"`
		}
	}
	apiOwnerIn struct {
		Handle string `path:"handle"`
		Group  string `path:"group"`
	}
	apiVerifierIn struct {
		Handle string `path:"handle"`
		Person string `path:"person"`
		Body   struct {
			Group string `json:"group" doc:"Handle of the group of which they are a member."`
		}
	}
	apiPersonIn struct {
		Handle string `path:"handle"`
		Person string `path:"person"`
	}
	apiShiftIn struct {
		Handle string `path:"handle"`
		Body   struct {
			Person string    `json:"person"`
			Start  time.Time `json:"start"`
			End    time.Time `json:"end"`
		}
	}
	apiShiftPath struct {
		Handle string `path:"handle"`
		Person string `path:"person"`
		ID     string `path:"id"`
	}
	apiQueueIn struct {
		Handle   string `path:"handle"`
		State    string `query:"state" doc:"new, checking, confirmed, denied or duplicate; new when absent."`
		Category string `query:"category"`
		Skip     int    `query:"skip"`
	}
	apiCaseIn struct {
		Handle string `path:"handle"`
		Case   string `path:"case"`
	}
	apiActIn struct {
		Handle string `path:"handle"`
		Case   string `path:"case"`
		Body   struct {
			Do   string `json:"do" enum:"claim,release,deny,reopen,same,note"`
			Of   string `json:"of,omitempty" doc:"For same: the other case."`
			Note string `json:"note,omitempty"`
		}
	}
	apiNoteIn struct {
		Handle string `path:"handle"`
		Body   struct {
			Note string `json:"note"`
		}
	}
	apiSendIn struct {
		Handle  string `path:"handle"`
		Subject string `path:"subject" doc:"A case, the first alert of a chain, or, of a drill, 26 characters of your own: a form key."`
		Body    struct {
			Do         string   `json:"do" enum:"propose,confirm,withdraw"`
			Kind       string   `json:"kind,omitempty" enum:"alert,update,correct,clear"`
			Drill      bool     `json:"drill,omitempty"`
			Category   string   `json:"category,omitempty"`
			Basis      string   `json:"basis,omitempty" enum:"seen,official,several"`
			Confidence string   `json:"confidence,omitempty" enum:"certain,likely"`
			Guidance   []string `json:"guidance,omitempty" nullable:"false"`
			Cells      []string `json:"cells,omitempty" nullable:"false"`
			Lasts      int      `json:"lasts,omitempty" doc:"Minutes; at most 720."`
			Hash       string   `json:"hash,omitempty" doc:"To confirm: that of the draft as it was read."`
			Checked    bool     `json:"checked,omitempty" doc:"Whether all was made sure of that the category asks."`
			FirstHand  bool     `json:"first_hand,omitempty" doc:"Whether this verifier saw it."`
		}
	}
)

type apiNetwork struct {
	Handle     string        `json:"handle"`
	Name       string        `json:"name"`
	Rules      string        `json:"rules" doc:"Markdown."`
	Area       []apiAreaPart `json:"area" nullable:"false"`
	Categories []string      `json:"categories" nullable:"false"`
	Groups     []string      `json:"groups" nullable:"false" doc:"Handles of those that run it."`
	Neighbours []string      `json:"neighbours" nullable:"false" doc:"Handles of networks of whose alerts it hears."`
	Zone       string        `json:"zone"`
	Closed     bool          `json:"closed"`
	Sequence   int           `json:"sequence"`
	URL        string        `json:"url"`
}

type apiAreaPart struct {
	Place   string   `json:"place,omitempty"`
	Lat     float64  `json:"lat,omitempty"`
	Lon     float64  `json:"lon,omitempty"`
	Km      int      `json:"km,omitempty"`
	Cells   []string `json:"cells,omitempty" nullable:"false" doc:"Instead of a place: cells of the grid that were drawn."`
	Without bool     `json:"without,omitempty" doc:"They are taken out of the area."`
}

type apiReported struct {
	Key      string    `json:"key" doc:"The only way to find the report again."`
	Category string    `json:"category"`
	Network  string    `json:"network"`
	State    string    `json:"state"`
	More     int       `json:"more" doc:"How often it can still be added to."`
	Expires  time.Time `json:"expires"`
}

type apiShift struct {
	ID     string    `json:"id" doc:"With which it is taken back."`
	Person string    `json:"person"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
}

type apiCase struct {
	ID        string    `json:"id"`
	Category  string    `json:"category"`
	Cell      string    `json:"cell"`
	State     string    `json:"state"`
	Reports   int       `json:"reports"`
	FirstHand int       `json:"first_hand"`
	Created   time.Time `json:"created"`
	Chain     string    `json:"chain,omitempty" doc:"The alert that came of it."`
	Kept      bool      `json:"kept,omitempty" doc:"You cannot verify it: you or somebody of your lineage reported it."`
	Said      []apiSaid `json:"said,omitempty"`
	Notes     []string  `json:"notes,omitempty"`
	Draft     *apiDraft `json:"draft,omitempty"`
}

type apiSaid struct {
	Seen      time.Time `json:"seen"`
	Lat       float64   `json:"lat"`
	Lon       float64   `json:"lon"`
	FirstHand bool      `json:"first_hand"`
	Note      string    `json:"note,omitempty"`
	More      []string  `json:"more,omitempty"`
}

type apiDraft struct {
	Subject string   `json:"subject"`
	Title   string   `json:"title"`
	By      string   `json:"by"`
	Hash    string   `json:"hash"`
	Message *Message `json:"message"`
}

type apiSent struct {
	Alert string    `json:"alert,omitempty" doc:"What went out; absent while it waits for a second verifier."`
	Draft *apiDraft `json:"draft,omitempty"`
}

// MountAPI adds the operations on alerts.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: "/alerts" + path, ID: name, Tag: "alerts", Summary: summary, Doc: doc, Scope: api.Groups}
	}
	read := func(path, name, summary, doc string) api.Op {
		o := op(http.MethodGet, path, name, summary, doc)
		o.Scope, o.Open = api.Read, true
		o.Cache = func(*web.Call) ([]string, time.Duration) { return []string{"alerts", "site"}, pageTTL }
		return o
	}
	api.Add(a, read("", "listAlerts", "The last alert of each chain, the newest first", "Of the last seven days; drills are left out."), w.apiList)
	api.Add(a, read("/{id}", "getAlert", "One alert", "With all by which it can be compared with the public record."), w.apiShow)
	w.mountReportsAPI(a, op)
	api.Add(a, read("/networks", "listAlertNetworks", "Alert networks", ""), w.apiNetworks)
	api.Add(a, read("/networks/{handle}", "getAlertNetwork", "One alert network", ""), func(c *web.Call, in *apiHandle) (apiNetwork, error) { return w.apiNetwork(c, in.Handle) })
	w.mountNetworksAPI(a, op)
	w.mountQueueAPI(a, op)
	w.mountOfficialAPI(a, read, op)
	w.mountNeighboursAPI(a, op)
}

type opOf = func(method, path, name, summary, doc string) api.Op

func (w *Web) mountReportsAPI(a *api.API, op opOf) {
	report := op(http.MethodPost, "/reports", "reportSomething", "Report something to verifiers", "Nothing about who reports is stored. What is reported is forgotten within a day.")
	report.Scope, report.Open, report.Status, report.Keyed = api.Read, true, http.StatusCreated, true
	api.Add(a, report, func(c *web.Call, in *apiReportIn) (apiReported, error) {
		key, f, err := a.Keyed(c, in.Body)
		if err != nil {
			return apiReported{}, err
		}
		if err := w.slow(c); err != nil {
			return apiReported{}, err
		}
		typed := readReport(f)
		if typed.FirstHand = "heard"; in.Body.FirstHand {
			typed.FirstHand = "seen"
		}
		if err := w.Report(c.Context(), c.Actor(), key, typed); err != nil {
			return apiReported{}, err
		}
		return w.apiHeld(c, key)
	})
	held := op(http.MethodGet, "/reports/{key}", "getReport", "Where a report stands", "For whoever has its key.")
	held.Scope, held.Open = api.Read, true
	api.Add(a, held, func(c *web.Call, in *apiKey) (apiReported, error) { return w.apiHeld(c, in.Key) })
	more := op(http.MethodPost, "/reports/{key}/notes", "addToReport", "Add to a report", "For whoever has its key.")
	more.Scope, more.Open = api.Read, true
	api.Add(a, more, func(c *web.Call, in *apiMoreIn) (apiReported, error) {
		if err := w.More(c.Context(), in.Key, in.Body.Note); err != nil {
			return apiReported{}, err
		}
		return w.apiHeld(c, in.Key)
	})
}

func (w *Web) apiHeld(c *web.Call, key string) (apiReported, error) {
	r, err := w.Held(c.Context(), key)
	return apiReported{key, r.Category, r.Network, string(r.State), r.More, r.Expires}, err
}

func (w *Web) mountNetworksAPI(a *api.API, op opOf) {
	start := op(http.MethodPost, "/networks", "startAlertNetwork", "Start an alert network", "For stewards of the group.")
	start.Status, start.Keyed = http.StatusCreated, true
	api.Add(a, start, func(c *web.Call, in *apiNetworkIn) (apiNetwork, error) {
		key, f, err := a.Keyed(c, in.Body)
		if err != nil {
			return apiNetwork{}, err
		}
		typed := readNetwork(f)
		if err := w.Start(c.Context(), c.Actor(), key, typed); err != nil {
			return apiNetwork{}, err
		}
		return w.apiNetwork(c, typed.Handle)
	})
	api.Add(a, op(http.MethodPut, "/networks/{handle}", "changeAlertNetwork", "Change an alert network, close it or open it again", "For stewards of a group that runs it."), w.apiPutNetwork)
	owner := func(method, path, name, summary string, do func(c *web.Call, in *apiOwnerIn) error) {
		api.Do(a, op(method, "/networks/{handle}/"+path, name, summary, "For stewards."), do)
	}
	owner(http.MethodPut, "requests/{group}", "askToRunNetwork", "Ask a group to run the network, too", func(c *web.Call, in *apiOwnerIn) error {
		return w.Ask(c.Context(), c.Actor(), in.Handle, in.Group)
	})
	owner(http.MethodPut, "groups/{group}", "runNetwork", "Say for a group that was asked that it runs the network, too", func(c *web.Call, in *apiOwnerIn) error {
		return w.Answer(c.Context(), c.Actor(), in.Handle, in.Group, true)
	})
	owner(http.MethodDelete, "groups/{group}", "leaveNetwork", "End the part of a group in the network, or answer a request with no", func(c *web.Call, in *apiOwnerIn) error {
		return w.Part(c.Context(), c.Actor(), in.Handle, in.Group)
	})
	api.Do(a, op(http.MethodPut, "/networks/{handle}/verifiers/{person}", "nameVerifier", "Make a member a verifier", "For stewards of the member's group."), func(c *web.Call, in *apiVerifierIn) error {
		return w.Name(c.Context(), c.Actor(), in.Handle, in.Body.Group, in.Person)
	})
	api.Do(a, op(http.MethodDelete, "/networks/{handle}/verifiers/{person}", "dropVerifier", "Take somebody from the verifiers", "For stewards, and for themselves."), func(c *web.Call, in *apiPersonIn) error {
		return w.Unname(c.Context(), c.Actor(), in.Handle, in.Person)
	})
	api.Do(a, op(http.MethodPut, "/networks/{handle}/call", "chooseCall", "Choose how you are called", "For verifiers of the network, for themselves."), func(c *web.Call, in *apiCallIn) error {
		return w.SetCall(c.Context(), c.Actor(), in.Handle, in.Body.Link)
	})
	shift := op(http.MethodPost, "/networks/{handle}/shifts", "addShift", "Put a verifier on call", "For stewards, and for themselves.")
	shift.Keyed, shift.Status = true, http.StatusCreated
	api.Add(a, shift, func(c *web.Call, in *apiShiftIn) (apiShift, error) {
		key, _, err := a.Keyed(c, in.Body)
		if err != nil {
			return apiShift{}, err
		}
		b := &in.Body
		return apiShift{key, b.Person, b.Start, b.End}, w.AddShift(c.Context(), c.Actor(), in.Handle, key, b.Person, b.Start, b.End)
	})
	api.Do(a, op(http.MethodDelete, "/networks/{handle}/verifiers/{person}/shifts/{id}", "dropShift", "Take a shift back", "For stewards, and for themselves."), func(c *web.Call, in *apiShiftPath) error {
		return w.DropShift(c.Context(), c.Actor(), in.Handle, in.Person, in.ID)
	})
}

func (w *Web) apiPutNetwork(c *web.Call, in *apiNetworkPut) (apiNetwork, error) {
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiNetwork{}, err
	}
	if err := w.Edit(c.Context(), c.Actor(), in.Handle, in.Body.Sequence, readNetwork(f)); err != nil {
		return apiNetwork{}, err
	}
	if err := w.SetClosed(c.Context(), c.Actor(), in.Handle, in.Body.Closed); err != nil {
		return apiNetwork{}, err
	}
	return w.apiNetwork(c, in.Handle)
}

func (w *Web) apiNetworkOf(c *web.Call, tx *db.Tx, n *Network) (apiNetwork, error) {
	out := apiNetwork{
		Handle: n.Handle, Name: n.Name, Rules: n.Rules, Area: []apiAreaPart{}, Categories: n.Categories, Groups: []string{}, Neighbours: []string{}, Zone: n.Zone, Closed: n.Closed, Sequence: n.Sequence,
		URL: c.BaseURL() + n.path(),
	}
	for _, x := range n.Area {
		out.Area = append(out.Area, apiAreaPart(x))
	}
	for _, o := range n.Owners {
		if !o.Asked {
			out.Groups = append(out.Groups, o.Handle)
		}
	}
	all, err := neighboursOf(c.Context(), tx, n.ID)
	for i := range all {
		out.Neighbours = append(out.Neighbours, all[i].Handle)
	}
	return out, err
}

func (w *Web) apiNetwork(c *web.Call, handle string) (out apiNetwork, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		n, err := w.network(c.Context(), tx, handle)
		if err == nil {
			out, err = w.apiNetworkOf(c, tx, n)
		}
		return err
	})
	return out, err
}

func (w *Web) apiNetworks(c *web.Call, in *apiAfter) (api.Page[apiNetwork], error) {
	var out []apiNetwork
	next := ""
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := networksAfter(c.Context(), tx, in.After, networkPage+1)
		if err != nil {
			return err
		}
		out, next = nil, ""
		if len(all) > networkPage {
			all = all[:networkPage]
			next = all[networkPage-1].Handle
		}
		for i := range all {
			if err := w.owners(c.Context(), tx, &all[i]); err != nil {
				return err
			}
			one, err := w.apiNetworkOf(c, tx, &all[i])
			if err != nil {
				return err
			}
			out = append(out, one)
		}
		return nil
	})
	return api.PageOf(out, next), err
}

func (w *Web) apiList(c *web.Call, in *apiList) (api.Page[apiAlert], error) {
	f := c.NewForm().Set("near", in.Near).Set("cell", in.Cell).Set("category", in.Category)
	q := w.query(f)
	if f.Failed() {
		return api.Page[apiAlert]{}, errQuery()
	}
	all, of, err := w.find(c, q)
	var out []apiAlert
	for i := range all {
		out = append(out, w.apiAlert(c, of[all[i].Network], &all[i]))
	}
	return api.PageOf(out, ""), err
}

func (w *Web) apiShow(c *web.Call, in *apiID) (out apiAlert, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		a, ok, err := alertByID(c.Context(), tx, in.ID)
		if err != nil || !ok {
			return cmpErr(err)
		}
		n, err := w.networkByID(c.Context(), tx, a.Network)
		if err == nil {
			out = w.apiAlert(c, n, a)
		}
		return err
	})
	return out, err
}

func (w *Web) mountQueueAPI(a *api.API, op opOf) {
	queue := op(http.MethodGet, "/queue/{handle}", "getVerifiersQueue", "What waits for verifiers", "For verifiers of the network; the surest first.")
	queue.Scope = api.Read
	api.Add(a, queue, w.apiQueue)
	one := op(http.MethodGet, "/queue/{handle}/cases/{case}", "getCase", "A case with its reports", "For verifiers of the network.")
	one.Scope = api.Read
	api.Add(a, one, func(c *web.Call, in *apiCaseIn) (apiCase, error) { return w.apiCase(c, in.Handle, in.Case) })
	went := op(http.MethodGet, "/queue/{handle}/deliveries/{alert}", "getDeliveries", "How an alert went, by channel", "For verifiers of the network.")
	went.Scope = api.Read
	api.Add(a, went, w.apiDeliveries)
	act := op(http.MethodPost, "/queue/{handle}/cases/{case}", "actOnCase", "Check a case, give it back, put it aside, or leave a note", "For verifiers of the network.")
	act.Keyed = true
	api.Add(a, act, func(c *web.Call, in *apiActIn) (apiCase, error) {
		key, _, err := a.Keyed(c, in.Body)
		if err == nil {
			err = w.apiAct(c, key, in)
		}
		if err != nil {
			return apiCase{}, err
		}
		return w.apiCase(c, in.Handle, in.Case)
	})
	note := op(http.MethodPost, "/queue/{handle}/notes", "handOver", "Leave a note for the next shift", "For verifiers of the network. It is forgotten within a day.")
	note.Keyed, note.Status = true, http.StatusNoContent
	api.Do(a, note, func(c *web.Call, in *apiNoteIn) error {
		key, _, err := a.Keyed(c, in.Body)
		if err != nil {
			return err
		}
		return w.Write(c.Context(), c.Actor(), in.Handle, "", key, in.Body.Note)
	})
	api.Add(a, op(http.MethodPost, "/queue/{handle}/send/{subject}", "sendAlert", "Propose, confirm or withdraw an alert",
		"For verifiers of the network. It goes out when a second one, of another lineage, confirms it; one is enough to withdraw."), w.apiSend)
}

func (w *Web) apiQueue(c *web.Call, in *apiQueueIn) (api.Page[apiCase], error) {
	state := State(in.State)
	if state.name() == "" {
		state = Fresh
	}
	q, err := w.Queue(c.Context(), c.Actor(), in.Handle, state, in.Category, in.Skip)
	var out []apiCase
	for i := range q.Cases {
		out = append(out, apiCaseOf(&q.Cases[i]))
	}
	return api.PageOf(out, ""), err
}

func apiCaseOf(k *Case) apiCase {
	return apiCase{ID: k.ID, Category: k.Category, Cell: k.Cell.String(), State: string(k.State), Reports: k.Reports, FirstHand: k.FirstHand, Created: k.Created, Chain: k.Chain}
}

func (w *Web) apiCase(c *web.Call, handle, cid string) (apiCase, error) {
	v, err := w.Case(c.Context(), c.Actor(), handle, cid)
	if err != nil {
		return apiCase{}, err
	}
	out := apiCaseOf(&v.Case)
	out.Kept = v.Kept
	for _, r := range v.Reports {
		out.Said = append(out.Said, apiSaid{r.Seen, r.Point.Lat, r.Point.Lon, r.FirstHand, r.Note, r.More})
	}
	for _, x := range v.Notes {
		out.Notes = append(out.Notes, x.Text)
	}
	out.Draft = w.apiDraft(c, v.Network, v.Draft)
	return out, nil
}

func (w *Web) apiDraft(c *web.Call, n *Network, d *Draft) *apiDraft {
	if d == nil {
		return nil
	}
	return &apiDraft{d.Subject, w.Said(c.Locale, n, &d.Message, c.Now()).Title, d.Handle, d.Hash(), &d.Message}
}

func (w *Web) apiAct(c *web.Call, key string, in *apiActIn) error {
	ctx, by := c.Context(), c.Actor()
	switch in.Body.Do {
	case "claim":
		return w.Claim(ctx, by, in.Handle, in.Case)
	case "release":
		return w.Release(ctx, by, in.Handle, in.Case)
	case "deny":
		return w.Deny(ctx, by, in.Handle, in.Case)
	case "reopen":
		return w.Reopen(ctx, by, in.Handle, in.Case)
	case "same":
		return w.Same(ctx, by, in.Handle, in.Case, in.Body.Of)
	}
	return w.Write(ctx, by, in.Handle, in.Case, key, in.Body.Note)
}

func (w *Web) apiSend(c *web.Call, in *apiSendIn) (out apiSent, err error) {
	ctx, by, b := c.Context(), c.Actor(), &in.Body
	switch b.Do {
	case "withdraw":
		out.Alert, err = w.Withdraw(ctx, by, in.Handle, in.Subject)
		return out, err
	case "confirm":
		out.Alert, err = w.Confirm(ctx, by, in.Handle, in.Subject, b.Hash, b.FirstHand, ticked(b.Checked))
		return out, err
	}
	m := Message{
		Kind: fact.AlertKind(b.Kind), Drill: b.Drill, Category: b.Category, Basis: Basis(b.Basis), Confidence: Confidence(b.Confidence), Guidance: b.Guidance, Cells: b.Cells,
		Seen: c.Now().Unix(), Lasts: b.Lasts,
	}
	if m.Kind == "" {
		m.Kind = fact.AlertNew
	}
	if k, err := w.Case(ctx, by, in.Handle, in.Subject); err == nil {
		m.Seen = k.Seen.Unix()
	} else if !fault.Is(err, fault.KindNotFound) {
		return out, err
	}
	if err := w.Propose(ctx, by, in.Handle, in.Subject, m, b.FirstHand, ticked(b.Checked)); err != nil {
		return out, err
	}
	err = w.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := w.queueOf(ctx, tx, by, in.Handle)
		if err != nil {
			return err
		}
		d, err := draftOf(ctx, tx, in.Subject, tx.Now())
		if err == nil && d == nil {
			err = fault.Conflict("alert.no_draft", "Nothing is proposed any more. Perhaps it is sent already.")
		}
		out.Draft = w.apiDraft(c, n, d)
		return err
	})
	return out, err
}

// ticked is how many things were made sure of: all that there are, or none.
func ticked(all bool) int {
	if !all {
		return 0
	}
	return len(checks(Category{}))
}
