package app_test

import (
	"testing"
	"time"

	"convoke/internal/api/apitest"
)

type rideDeskJSON struct {
	Open  bool
	Towns []struct {
		Town                  string
		Offered, Free, Wanted int
	}
	Buses []struct {
		Offer struct {
			ID, Town, Leaves string
			Seats, Free      int
		}
		Riders []struct {
			Seats int
			Code  string
		}
		Said []struct{ Say string }
	}
	Reported []struct{ ID, Meeting string }
}

// A program of those who may edit an event offers a bus, tells its riders
// something, and answers what somebody reported.
func TestRideDeskByAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, by := s.signIn("sam")
		g := s.group(by, "riverside", "Riverside Neighbours")
		day := s.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly)
		at := "/events/" + string(s.event(by, g, meeting("Open assembly", day)))
		c := apitest.New(t, s.Site)
		mine := c.As(token(t, sam, "events:write"))
		eve, _ := s.signIn("eve")
		theirs := c.As(token(t, eve, "events:write"))
		desk, buses := at+"/rides/desk", at+"/rides/buses"
		c.Get(desk).Refused(401, "token.missing")
		theirs.Get(desk).Refused(403, "authz.forbidden")
		c.As(token(t, sam, "read")).Get(desk).Refused(403, "token.scope")

		bus := map[string]any{"from": "Dresden, Germany", "meeting": "Main station", "date": day, "time": "08:00", "seats": 50}
		theirs.Do("POST", buses, bus, "Idempotency-Key", "the-bus-1").Refused(403, "authz.forbidden")
		mine.Do("POST", buses, bus).Refused(400, "api.key")
		bus["seats"] = 51
		mine.Do("POST", buses, bus, "Idempotency-Key", "the-bus-1").Refused(422, "form.invalid", "#/seats", "ride.seats")
		bus["seats"] = 50
		var one, again struct {
			Offer struct {
				ID  string
				Bus bool
			}
		}
		mine.Do("POST", buses, bus, "Idempotency-Key", "the-bus-1").Want(201, &one)
		mine.Do("POST", buses, bus, "Idempotency-Key", "the-bus-1").Want(201, &again)
		if one != again || !one.Offer.Bus {
			t.Errorf("%+v, then %+v", one, again)
		}
		bus["seats"] = 40
		mine.Do("POST", buses, bus, "Idempotency-Key", "the-bus-1").Refused(409, "api.key_reused")

		signUp := func(key string) string {
			var out struct{ Secret string }
			c.Do("POST", at+"/attendance", map[string]any{"party": 3}, "Idempotency-Key", "nobody-can-guess-this-"+key).Want(201, &out)
			return at + "/attendance/" + out.Secret
		}
		driver, rider := signUp("1"), signUp("2")
		var d rideJSON
		c.Do("PUT", driver+"/ride", map[string]any{"offer": map[string]any{
			"from": "Leipzig, Germany", "meeting": "Old market", "date": day, "time": "08:00", "seats": 4,
		}}).Want(200, &d)
		car := d.Offer.Offer.ID
		c.Do("PUT", rider+"/ride", map[string]any{"seats": []map[string]any{{"offer": one.Offer.ID, "seats": 2}, {"offer": car, "seats": 1}}}).Want(200, nil)

		say := func(who *apitest.Client, offer, what string) apitest.Answer {
			return who.Do("POST", buses+"/"+offer+"/messages", map[string]any{"say": what}, "Idempotency-Key", "late-today")
		}
		say(mine, one.Offer.ID, "late20").Want(204, nil)
		say(mine, one.Offer.ID, "late20").Want(204, nil)
		say(mine, one.Offer.ID, "anything").Refused(422, "form.invalid", "#/say", "api.choice")
		say(mine, car, "late20").Refused(409, "ride.gone")
		say(theirs, one.Offer.ID, "late20").Refused(403, "authz.forbidden")
		var all rideDeskJSON
		mine.Get(desk).Want(200, &all)
		if !all.Open || len(all.Towns) != 2 || len(all.Buses) != 1 || len(all.Reported) != 0 {
			t.Fatalf("%+v", all)
		}
		if b := all.Buses[0]; b.Offer.Free != 48 || len(b.Riders) != 1 || b.Riders[0].Seats != 2 || b.Riders[0].Code == "" || len(b.Said) != 1 || b.Said[0].Say != "late20" {
			t.Errorf("%+v", b)
		}

		answer := func(who *apitest.Client, answer, reason string) apitest.Answer {
			return who.Do("PUT", at+"/rides/reported/"+car, map[string]any{"answer": answer, "reason": reason})
		}
		answer(mine, "remove", "I do not like it.").Refused(409, "ride.gone") // nobody reported it
		mine.Do("DELETE", buses+"/"+car, nil).Refused(404, "web.not_found")
		said := map[string]any{"offer": car, "say": "late20"}
		for range 2 {
			c.Do("POST", rider+"/ride/messages", said, "Idempotency-Key", "nobody-can-guess-this-3").Want(204, nil)
		}
		c.Do("POST", rider+"/ride/messages", said, "Idempotency-Key", "guessable").Refused(400, "api.key")
		c.Do("POST", at+"/attendance/"+s.IDs.Secret()+"/ride/messages", said, "Idempotency-Key", "nobody-can-guess-this-4").Refused(404, "attendance.not_found")
		var heard struct {
			Offer struct {
				Riders []struct{ Said []struct{ Say string } }
			}
		}
		c.Get(driver+"/ride").Want(200, &heard)
		if len(heard.Offer.Riders) != 1 || len(heard.Offer.Riders[0].Said) != 1 || heard.Offer.Riders[0].Said[0].Say != "late20" {
			t.Errorf("%+v", heard)
		}
		report := func() {
			t.Helper()
			c.Do("PUT", rider+"/ride/reports/"+car, nil).Want(204, nil)
		}
		report()
		mine.Get(desk).Want(200, &all)
		if len(all.Reported) != 1 || all.Reported[0].ID != car || all.Reported[0].Meeting != "Old market" {
			t.Fatalf("%+v", all.Reported)
		}
		answer(theirs, "keep", "").Refused(403, "authz.forbidden")
		answer(mine, "keep", "").Want(204, nil)
		report()
		answer(mine, "remove", "").Refused(422, "form.invalid", "#/reason", "ride.reason")
		answer(mine, "remove", "It asks for money.").Want(204, nil)
		answer(mine, "remove", "It asks for money.").Want(204, nil)
		var news struct {
			News []struct{ What, Reason string }
		}
		c.Get(driver+"/ride").Want(200, &news)
		if len(news.News) != 1 || news.News[0].What != "refused" || news.News[0].Reason != "It asks for money." {
			t.Errorf("%+v", news)
		}
		c.Do("DELETE", driver+"/ride/news", nil).Want(204, nil)
		c.Get(driver+"/ride").Want(200, &news)
		if len(news.News) != 0 {
			t.Errorf("%+v", news)
		}
		mine.Do("PUT", at+"/rides/reported/"+one.Offer.ID, map[string]any{"answer": "remove", "reason": "x"}).Refused(409, "ride.gone")
		theirs.Do("DELETE", buses+"/"+one.Offer.ID, nil).Refused(403, "authz.forbidden")
		mine.Do("DELETE", buses+"/"+one.Offer.ID, nil).Want(204, nil)
		mine.Do("DELETE", buses+"/"+one.Offer.ID, nil).Refused(404, "web.not_found")
	})
}
