// Package mailings is the one page where somebody sees and ends all that this server
// sends to their address: updates of petitions, news of pledges and campaigns, weekly
// mails of groups, alerts.
//
// Nothing ties these together but the address itself, which each feature seals under keys
// of its own. So that no list of what an address follows exists on any disk, it is made
// when its owner asks: a link goes to the address, and behind it each feature is asked,
// through a [Source], what it has for that address. The link holds the address, sealed
// under the key of the day, which is destroyed a day later; no row is kept.
//
// Sign-ups for events cannot be looked for by their address, which is sealed together with
// all else that somebody wrote; their messages lead to the sign-up itself.
package mailings
