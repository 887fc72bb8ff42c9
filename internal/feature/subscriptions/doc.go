// Package subscriptions is who hears of alerts, and the broadcast that reaches them.
//
// Somebody subscribes with an area around a chosen place, never the position of a device,
// and with categories, quiet hours, a language and one channel. They confirm it, leave with
// one click from every message, and are forgotten after a year unless they say again that
// they want it. Where to write to them is sealed with a key that is destroyed; the server
// can say about how many hear of a cell, and nobody who.
//
// An alert belongs to a chain: what updates, corrects, withdraws or ends it follows it. Each
// goes, on each channel for itself, first to all whom the chain reached, whatever they chose
// since, and, unless it ends the chain, to those of its area whom it did not reach. What is
// handed over is written down in the commit that hands out the next, and what is in the air
// before it flies: after a crash nobody is missed, only what was in the air goes out again,
// and a correction reaches them too. A newer alert of the chain stops the older one between
// two commits. Nothing goes out after the alert expires, but to those whom its chain told
// what is over or was corrected; nor, unless it is urgent, in somebody's quiet hours.
//
// It owns the tables alert_subscription, alert_month, alert_broadcast, alert_run,
// alert_reach, alert_air, alert_later and alert_broadcast_count.
package subscriptions
