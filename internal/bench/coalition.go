package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/feature/assemblies"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/polls"
	"convoke/internal/id"
)

// coalition measures the pages of one with very many groups and delegates, each made
// anew, as a visitor and as a delegate.
func (b *bench) coalition(ctx context.Context) (err error) {
	node, err := openNode(ctx, filepath.Join(b.dir, "coalition"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	chair, session, err := exampleChair(ctx, node)
	if err != nil {
		return err
	}
	b.say("%d groups of %d delegates", b.members, b.delegates)
	if err := b.assemble(ctx, node, chair); err != nil {
		return fmt.Errorf("make a coalition: %w", err)
	}
	proposal, poll, assembly, err := b.deliberates(ctx, node, chair)
	if err != nil {
		return fmt.Errorf("let a coalition decide: %w", err)
	}
	site, err := serve(ctx, node.Site)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.close()) }()
	of := "/groups/valley"
	everybody := []string{
		"/coalitions", "/groups", of, of + "/coalition", of + "/delegates", of + "/delegates?after=member-1900", of + "/delegates.json?after=member-0900",
		of + "/working-groups", "/proposals", "/assemblies", of + "/assemblies", "/proposals/" + proposal, "/proposals/" + proposal + ".json",
		"/polls/" + poll, "/polls/" + poll + ".json", "/polls/" + poll + "/ballots", "/assemblies/" + assembly, "/assemblies/" + assembly + ".json",
		"/groups/member-0001", "/groups/member-0001/delegates",
	}
	if err := b.slowest(ctx, node, site.addr, "", everybody); err != nil {
		return err
	}
	return b.slowest(ctx, node, site.addr, session, append(everybody, "/proposals/"+proposal+"/open", "/polls/"+poll+"/vote", of+"/edit", of+"/digest", "/me"))
}

// slowest asks for pages and reports the one that takes longest.
func (b *bench) slowest(ctx context.Context, node *app.Node, addr, session string, paths []string) error {
	who := "a visitor"
	if session != "" {
		who = "a delegate"
	}
	type page struct {
		path string
		took time.Duration
	}
	var all []page
	for _, path := range paths {
		var took []time.Duration
		for range b.misses {
			node.Site.Cache().Touch([]string{"*"})
			l := b.pageLoad(addr, path, 1, 1)
			if session != "" {
				request := string(l.request(nil, 0))
				l.request = func(to []byte, _ int) []byte {
					return append(to, strings.Replace(request, "\r\n", "\r\nCookie: convoke="+session+"\r\n", 1)...)
				}
			}
			r, err := l.run(ctx)
			if err != nil {
				return fmt.Errorf("%s for %s: %w", path, who, err)
			}
			took = append(took, r.took...)
		}
		all = append(all, page{path, quantile(took, 0.5)})
		b.say("%s for %s: %.1f ms", path, who, millis(all[len(all)-1].took))
	}
	worst := slices.MaxFunc(all, func(x, y page) int { return int(x.took - y.took) })
	name := strings.Join(slices.DeleteFunc(strings.Split(worst.path, "/"), id.Valid), "/")
	b.add(Line{
		What: fmt.Sprintf("the slowest of %d pages for %s (%s), p50", len(all), who, name), Value: millis(worst.took), Unit: "ms", Times: b.misses, Aim: Aim{Most: 50},
	})
	return nil
}

// assemble makes the coalition valley by the chair of readers, and stores its members
// and delegates past the use cases, which take them one by one.
func (b *bench) assemble(ctx context.Context, node *app.Node, chair authz.Actor) error {
	_, err := node.Coalitions.Create(ctx, chair, node.IDs.Secret(), coalitions.Input{
		Settings: coalitions.Settings{Weights: "delegates", Polls: "open", Entry: "apply", Seats: max(b.delegates, 1), Notice: 0},
		Group:    "readers", Name: "The valley", Handle: "valley", Points: "We **share** the water.",
	})
	if err != nil {
		return err
	}
	return node.DB.Write(ctx, func(tx *db.Tx) error {
		of, err := node.Groups.ByHandle(ctx, tx, "valley")
		if err != nil {
			return err
		}
		until := clock.Micros(tx.Now().AddDate(1, 0, 0))
		for i := range b.members {
			g, h := fmt.Sprintf("0member-%04d", i), fmt.Sprintf("member-%04d", i)
			_, err = tx.Exec(ctx, `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
				values ($1, $2, $3, $2, '', '', '', 'UTC', 'en', 0, 0, 0)`, g, h, "Group "+h)
			if err == nil {
				_, err = tx.Exec(ctx, "insert into coalition_member (coalition_id, group_id, handle, band, state, version, day) values ($1, $2, $3, 0, 'member', 1, 0)", string(of.ID), g, h)
			}
			for n := 1; n <= b.delegates && err == nil; n++ {
				p := fmt.Sprintf("%s-%d", g, n)
				_, err = tx.Exec(ctx, "insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $1, '', 0, 0, '', 0)", p)
				if err == nil {
					_, err = tx.Exec(ctx, `insert into delegate (id, coalition_id, group_id, seat, form, person_id, until_at, alternate_ok, mandate, instructions, instructions_html, everybody, stands_in, state, since_at, ended_at)
						values ($1, $2, $3, $4, $1, $1, $5, 0, 'free', '', '', 0, 0, 'holds', 1, 0)`, p, string(of.ID), g, n, until)
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// deliberates opens a poll by name of all delegates, drafts another proposal and calls an
// assembly. It reports what the opening takes.
func (b *bench) deliberates(ctx context.Context, node *app.Node, chair authz.Actor) (proposal, poll, assembly string, err error) {
	propose := func(title string) (polls.ID, error) {
		pid, err := node.Polls.Create(ctx, chair, "valley", node.IDs.Secret(), polls.Input{Title: title, Body: "We meet at the **bridge**.", Lang: "en"})
		for _, do := range []string{"discuss", "publish"} {
			if err == nil {
				err = node.Polls.Move(ctx, chair, string(pid), do)
			}
		}
		return pid, err
	}
	voted, err := propose("Where we meet")
	if err != nil {
		return "", "", "", err
	}
	begin := time.Now()
	opened, err := node.Polls.Opens(ctx, chair, string(voted), node.IDs.Secret(), polls.OpenInput{
		Sequence: 2, Preset: "majority", Gate: "members", Secrecy: "named", Day: b.started.AddDate(0, 0, 7).Format(time.DateOnly), Time: "18:00",
	})
	if err != nil {
		return "", "", "", err
	}
	b.add(Line{What: fmt.Sprintf("a poll of %s delegates opens", number(float64(b.members*b.delegates))), Value: millis(time.Since(begin)), Unit: "ms", Aim: Aim{Most: 2000}})
	if err := node.Polls.Vote(ctx, chair, string(opened), polls.VoteInput{Seat: b.members * b.delegates, Paper: []byte{0}}); err != nil {
		return "", "", "", err
	}
	talked, err := propose("When we meet")
	if err != nil {
		return "", "", "", err
	}
	aid, err := node.Assemblies.Create(ctx, chair, "valley", node.IDs.Secret(), assemblies.Input{
		Title: "Spring plenary", Lang: "en", Place: "Old school", Day: b.started.AddDate(0, 0, 9).Format(time.DateOnly), Start: "18:00", End: "20:00", Public: true,
	})
	if err == nil {
		err = node.Assemblies.Call(ctx, chair, aid, 0, false)
	}
	return string(talked), string(opened), string(aid), err
}
