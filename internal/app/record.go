package app

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"net/url"
	"path/filepath"
	"time"

	"convoke/internal/fetch"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/serve"
	"convoke/internal/record/take"
	"convoke/internal/record/witness"
	"convoke/internal/web"
)

// recordHeadFile, in the data folder, is the largest state of the record that was
// published.
const recordHeadFile = "record-head.json"

// openRecord opens the public record and the boxes that stand on it.
func (n *Node) openRecord(ctx context.Context) error {
	policy, err := readPolicy(n.Config.RecordPolicy)
	if err != nil {
		return err
	}
	n.Record, err = record.Open(ctx, record.Deps{
		DB: n.DB, Vault: n.Vault, Log: n.Log, Node: n.recordName(), Witnesses: policy.text(), HeadFile: filepath.Join(n.Config.Data, recordHeadFile),
	})
	if err != nil {
		return err
	}
	if why := n.Record.Halted(); why != "" {
		n.Log.Error("the public record is halted", "why", why)
	}
	client, err := web.ClientHash()
	if err != nil {
		return err
	}
	n.sets = keyset.New(n.DB, n.IDs.New)
	n.Boxes = box.New(box.Deps{DB: n.DB, Vault: n.Vault, Record: n.Record, Sets: n.sets, Clock: n.Clock, Log: n.Log, Client: client})
	n.collector = &witness.Collector{Record: n.Record, Policy: policy.Policy, Post: fetch.New(nil), Log: n.Log}
	return n.openWitness(ctx)
}

// recordName is what the record of a new node is called: its host.
func (n *Node) recordName() string {
	if n.Config.RecordName != "" {
		return n.Config.RecordName
	}
	u, err := url.Parse(n.Config.BaseURL)
	if err == nil && u.Host != "" {
		return u.Host
	}
	return cmp.Or(n.Config.Listen, "localhost")
}

// mountRecord adds the files and endpoints of the record.
func (n *Node) mountRecord(limits *limiter) {
	w := &serve.Web{
		DB: n.DB, Record: n.Record, Boxes: n.Boxes, Sets: n.sets, Limiter: limits,
		Client: func(c *web.Call) string { return n.client(c.R) },
	}
	w.Mount(n.Site)
	n.mountWitness()
	(&take.Web{
		Boxes: n.Boxes, Subjects: subjects{n}, Sender: n.mailer, Limiter: limits,
		Client: w.Client, SiteName: func() string { return n.Site.Info().Name },
	}).Mount(n.Site)
}

// Describe says who knows what boxes of a kind are about.
func (n *Node) Describe(kind string, s take.Subjects) {
	if n.subjects == nil {
		n.subjects = map[string]take.Subjects{}
	}
	n.subjects[kind] = s
}

// subjects asks the feature that made a box what it is about.
type subjects struct{ n *Node }

func (s subjects) of(c *web.Call, b leaf.ID) (take.Subjects, error) {
	i, err := s.n.Boxes.Info(c.Context(), b)
	if err != nil {
		return nil, err
	}
	if x := s.n.subjects[i.Manifest.Type]; x != nil {
		return x, nil
	}
	return nil, web.ErrNotFound()
}

// Subject implements take.Subjects.
func (s subjects) Subject(c *web.Call, b leaf.ID) (take.Subject, error) {
	x, err := s.of(c, b)
	if err != nil {
		return take.Subject{}, err
	}
	return x.Subject(c, b)
}

// Reference implements take.Subjects.
func (s subjects) Reference(c *web.Call, b leaf.ID) (string, bool, error) {
	x, err := s.of(c, b)
	if err != nil {
		return "", false, err
	}
	return x.Reference(c, b)
}

// After implements take.Subjects.
func (s subjects) After(c *web.Call, b leaf.ID) (template.HTML, error) {
	x, err := s.of(c, b)
	if err != nil {
		return "", err
	}
	return x.After(c, b)
}

// scheduleRecord are the jobs of the record.
func (n *Node) scheduleRecord() {
	n.Jobs.Every("anchor the public record", 10*time.Second, n.Record.Anchor)
	n.Jobs.Every("ask the witnesses", 10*time.Second, n.collector.Collect)
	n.Jobs.Every("close what is due", time.Minute, n.closeDue)
	n.Jobs.Every("merge key sets", 5*time.Minute, n.sets.MergeAll)
}

// closeDue ends mandates whose term is over, and then closes boxes: a vote whose mandate
// ended before its poll is in no result.
func (n *Node) closeDue(ctx context.Context) error {
	err := n.Coalitions.Due(ctx)
	return errors.Join(err, n.Boxes.CloseDue(ctx))
}
