// Package campaigns is calls to action that many groups own together.
//
// A campaign has a statement, numbered demands, dates, points of unity, and a
// template that the local events under it share. The groups that own it have
// equal rights: an organizer of any of them may do what an organizer of any
// other may. A group becomes an owner when an owner asks it and it says yes;
// any owner may take an unanswered request back; only a group itself can end
// its own part; the last one cannot leave before the campaign has ended.
// Nobody can remove another group.
//
// Any group may endorse: it then agrees to the points of unity in a version,
// which stays noted, and may withdraw at any time.
//
// A group proposes its own events. They are public anyway, because a group is
// autonomous; what the owners decide is whether an event is shown as part of
// the campaign. Events of owners, and of hosts whom an owner trusts, are part
// of it at once. Somebody without a group can propose an event too; an owner
// that approves it takes it as its own.
//
// Groups put demands forward together: like ones are merged, and keep who said what;
// a poll ranks them, and what it chooses becomes demands of the campaign, with the
// poll as their source.
//
// Tables: campaign, campaign_text, campaign_owner, demand, demand_change, demand_candidate,
// campaign_points, endorsement, campaign_template, campaign_event,
// campaign_trust, proposal. The events feature keeps what belongs to an event
// itself: which campaign it is under, and what it takes from the template.
package campaigns
