package campaigns

import (
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// seatView is one group for which the reader may speak, and what it can do.
type seatView struct {
	Group
	Asked, Owns, Endorses bool
	Version               int // of the points that it agreed to
}

type groupsData struct {
	Form     *web.Form
	Campaign Campaign
	URL      string
	Owners   []Group
	Asked    []Group // shown to owners only
	Seats    []seatView
	Edit     bool
	CanJoin  bool // the campaign is open
	Points   Points
}

var groupsPage = web.NewPage[groupsData](pages, "pages/groups.html")

// groups is where groups are asked, join, endorse and leave.
func (w *Web) groups(c *web.Call) error { return w.groupsPage(c, c.NewForm()) }

func (w *Web) groupsPage(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	d := groupsData{Form: f, URL: "/campaigns/" + c.Param("handle")}
	ctx := c.Context()
	err := w.DB.Read(ctx, func(tx *db.Tx) error {
		seat, err := w.groupsOf(c, tx, &d)
		if err != nil {
			return err
		}
		if d.Points, err = pointsOf(ctx, tx, d.Campaign.ID, d.Campaign.Points); err != nil {
			return err
		}
		d.Edit, d.CanJoin = authz.May(c.Actor(), authz.EditCampaign, seat.Subject()), d.Campaign.State == Open
		owners, err := ownersOf(ctx, tx, d.Campaign.ID)
		if err != nil {
			return err
		}
		for _, o := range owners {
			g, err := w.Groups.ByID(ctx, tx, o.Group)
			switch {
			case err != nil:
				return err
			case o.State == Owns:
				d.Owners = append(d.Owners, g)
			case o.State == Asked && d.Edit:
				d.Asked = append(d.Asked, g)
			}
		}
		return w.seats(c, tx, &d, seat, owners)
	})
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return groupsPage.RenderForm(c, f, d)
}

// groupsOf loads the campaign also for a group that is only asked.
func (w *Web) groupsOf(c *web.Call, tx *db.Tx, d *groupsData) (Seat, error) {
	var seat Seat
	var err error
	d.Campaign, seat, err = w.load(c.Context(), tx, c.Actor(), c.Param("handle"))
	if !fault.Is(err, fault.KindNotFound) {
		return seat, err
	}
	mine, failed := w.Groups.Organizes(c.Context(), tx, c.Actor().Person)
	if failed != nil {
		return seat, failed
	}
	for _, g := range mine {
		if camp, got := w.loadFor(c.Context(), tx, c.Actor(), c.Param("handle"), g.ID); got == nil {
			d.Campaign = camp
			return Seat{Groups: mine}, nil
		}
	}
	return seat, err
}

func (w *Web) seats(c *web.Call, tx *db.Tx, d *groupsData, seat Seat, owners []Owner) error {
	all, err := endorsementsOf(c.Context(), tx, d.Campaign.ID)
	if err != nil {
		return err
	}
	for _, g := range seat.Groups {
		v := seatView{Group: g}
		for _, o := range owners {
			if o.Group == g.ID {
				v.Asked, v.Owns = o.State == Asked, o.State == Owns
			}
		}
		for _, e := range all {
			if e.Group == g.ID {
				v.Endorses, v.Version = true, e.Version
			}
		}
		d.Seats = append(d.Seats, v)
	}
	return nil
}

// groupAct does what one of the page's buttons says.
func (w *Web) groupAct(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	ctx, by, handle, group := c.Context(), c.Actor(), c.Param("handle"), f.Line("group")
	switch f.Line("do") {
	case "ask":
		err = w.Ask(ctx, by, handle, group)
	case "unask":
		err = w.Unask(ctx, by, handle, group)
	case "join":
		err = w.Join(ctx, by, handle, group)
	case "leave":
		err = w.Leave(ctx, by, handle, group)
	case "endorse":
		version, _ := strconv.Atoi(f.Line("version"))
		err = w.Endorse(ctx, by, handle, group, version)
	case "withdraw":
		err = w.Withdraw(ctx, by, handle, group)
	default:
		err = fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
	}
	if f.Accepts(err) {
		return w.groupsPage(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/campaigns/" + handle + "/groups")
}

// remove takes an event out of the campaign.
func (w *Web) remove(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	if _, err := c.Form(); err != nil {
		return err
	}
	if !id.Valid(c.Param("id")) {
		return web.ErrNotFound()
	}
	if err := w.Remove(c.Context(), c.Actor(), c.Param("handle"), id.Event(c.Param("id"))); err != nil {
		return err
	}
	return c.SeeOther("/events/" + c.Param("id"))
}
