package petitions

import (
	"convoke/internal/day"
	"convoke/internal/i18n"
)

// signVerb is what somebody does in the box of a petition.
var signVerb = i18n.Mark("Sign")

// file is a petition for programs: all that is needed to check its text against the
// record, and nobody who signed.
type file struct {
	URL       string        `json:"url"`
	Slug      string        `json:"slug"`
	Group     string        `json:"group" doc:"Handle."`
	Campaign  string        `json:"campaign,omitempty" doc:"Handle."`
	State     string        `json:"state" enum:"draft,open,closed,delivered,answered"`
	Lang      string        `json:"lang"`
	Addressee string        `json:"addressee"`
	Title     string        `json:"title"`
	Markdown  string        `json:"markdown"`
	Gate      string        `json:"gate" enum:"email,browser,paper,codes,members"`
	Stages    []fileStage   `json:"stages" nullable:"false"`
	Opens     string        `json:"opens,omitempty" doc:"First day."`
	Closes    string        `json:"closes,omitempty" doc:"Last day."`
	Delivered string        `json:"delivered,omitempty"`
	ReplyBy   string        `json:"reply_by,omitempty"`
	Silent    bool          `json:"silent" doc:"The day for a reply has passed without one."`
	Refused   bool          `json:"refused"`
	Counted   int64         `json:"counted" doc:"Signatures in the record that count now."`
	Withdrawn int64         `json:"withdrawn"`
	Declared  int64         `json:"declared" doc:"On paper, counted by hand; never added to the others."`
	Issued    int64         `json:"issued" doc:"Credentials given out."`
	Eligible  int           `json:"eligible,omitempty" doc:"People on a closed roll."`
	Printed   int           `json:"printed,omitempty" doc:"Codes that were printed to be given out."`
	Box       string        `json:"box,omitempty"`
	BoxURL    string        `json:"box_url,omitempty"`
	Leaves    int64         `json:"leaves" doc:"Of the box."`
	Witnessed int64         `json:"witnessed" doc:"How many of them a quorum of other servers has cosigned."`
	Told      string        `json:"told,omitempty" doc:"Signed on another server before the group moved: the day on which that server told these numbers."`
	Text      *fileText     `json:"text,omitempty"`
	Texts     []fileVersion `json:"texts" nullable:"false" doc:"In further languages, for reading; what is signed is the text above."`
	Entries   []fileEntry   `json:"entries" nullable:"false" doc:"What was said later, in order."`
	Batches   []fileBatch   `json:"batches" nullable:"false"`
	Sequence  int           `json:"sequence" doc:"Grows with every change; a change sends it back."`
}

type fileStage struct {
	Goal    uint64 `json:"goal"`
	Reached string `json:"reached,omitempty" doc:"RFC 3339."`
}

// fileText is what the hash in the record is of.
type fileText struct {
	Salt      string `json:"salt" doc:"Hexadecimal."`
	Canonical string `json:"canonical"`
	Hash      string `json:"sha256" doc:"Of the salt's bytes and the canonical text."`
}

type fileEntry struct {
	Kind     string    `json:"kind" enum:"text,amendment,delivery,reply,batch,update"`
	Day      string    `json:"day"`
	Markdown string    `json:"markdown,omitempty"`
	URL      string    `json:"url,omitempty"`
	Refused  bool      `json:"refused,omitempty"`
	Batch    string    `json:"batch,omitempty"`
	Text     *fileText `json:"text,omitempty"`
}

type fileBatch struct {
	Batch      int    `json:"batch"`
	Day        string `json:"day"`
	Signatures int    `json:"signatures"`
	Canonical  string `json:"canonical" doc:"Its SHA-256 is in the record."`
}

// file is the view for programs. base begins addresses.
func (v *view) file(base string) file {
	p, n := &v.Petition, &v.Numbers
	out := file{
		URL: base + p.url(), Slug: p.Slug, Group: v.Group.Handle, Campaign: v.Campaign.Handle, State: string(p.State), Lang: p.Text.Lang,
		Addressee: p.Text.Addressee, Title: p.Text.Title, Markdown: p.Text.Markdown, Gate: p.Gate, Stages: []fileStage{}, Opens: day.ISO(p.Opens),
		Closes: day.ISO(p.Closes), Delivered: day.ISO(p.Delivered), ReplyBy: day.ISO(p.ReplyBy), Silent: p.Silent, Refused: p.Refused,
		Counted: n.Counted, Withdrawn: n.Withdrawn, Declared: n.Declared, Issued: n.Issued, Eligible: p.Eligible, Printed: p.Codes,
		Entries: []fileEntry{}, Batches: []fileBatch{}, Sequence: p.Sequence, Leaves: v.Leaves, Witnessed: v.Witnessed, Texts: fileVersions(&p.Text, v.Versions),
	}
	for _, g := range p.Stages {
		x := fileStage{Goal: g}
		for _, r := range n.Reached {
			if r.Goal == g {
				x.Reached = r.At.UTC().Format("2006-01-02T15:04:05Z")
			}
		}
		out.Stages = append(out.Stages, x)
	}
	if p.State == Draft {
		return out
	}
	out.Box, out.BoxURL = p.Box.String(), base+"/b/"+p.Box.String()
	if e := p.Elsewhere; e != nil {
		out.Box, out.BoxURL, out.Told = e.Box, e.URL(), e.Day
	}
	if text, err := p.Text.Canonical(); err == nil {
		h, _ := hashOf(p.Salt, text)
		out.Text = &fileText{p.Salt, string(text), h}
	}
	for i := range v.Entries {
		out.Entries = append(out.Entries, v.Entries[i].file())
	}
	for _, b := range v.Batches {
		if b.State == declared {
			out.Batches = append(out.Batches, fileBatch{b.N, day.ISO(b.Day), b.Signatures, b.Note})
		}
	}
	return out
}

func (e *Entry) file() fileEntry {
	x := fileEntry{Kind: e.Kind, Day: day.ISO(e.Day), Markdown: e.Markdown, URL: e.URL, Refused: e.Refused, Batch: e.Ref}
	if e.Hash == "" {
		return x
	}
	x.Text = &fileText{Salt: e.Salt, Hash: e.Hash}
	if e.Kind == entryText {
		return x // of the text as it was then: the last one is the petition's
	}
	if text, err := e.Canonical(); err == nil {
		x.Text.Canonical = string(text)
	}
	return x
}
