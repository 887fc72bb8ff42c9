// Package events holds gatherings and ongoing actions: what, when, where, how
// accessible, by whom, and in which state.
//
// It owns the tables event, event_text, source, programme, safety_answer,
// contingent, role_need, series, series_date, exact_place, import_run and import_row. An event belongs to a group
// of this node, or to a source it was imported from. A listed event is public
// and stays so: cancelled, moved and postponed events are shown and say so. Only the undo of an import removes
// some, which nobody has touched since.
//
// Every list is ordered by at_key (the start in seconds, then the row), which is
// cursor, index suffix and row id of the full-text index at once; see
// docs/decisions/0006.
package events
