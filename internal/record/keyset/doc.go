// Package keyset keeps the keys that have taken part in a log, each once, exactly,
// however many there are.
//
// A unique index over random keys is the cost of growth: from some hundred
// thousand rows on each new key dirties a page of its own. So new keys are rows of
// a small table, and when that has grown they become a sorted run: blobs of 256
// keys. Runs of one level are merged into one of the next. A filter in memory for
// each run (Bloom 1970, ten bits a key) answers "not there" for all but one in a
// hundred, so that a lookup reads one page where it must and none elsewhere.
// docs/decisions/0031 has what was measured.
//
// It owns the tables record_fresh, record_run and record_run_part. All writers of
// one log take turns (see db.WriteHot).
package keyset
