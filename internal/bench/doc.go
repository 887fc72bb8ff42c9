// Package bench measures a machine against its own limits.
//
// Absolute figures say more about the hour and the machine than about the
// program, so every line that can be is a ratio: the product's own code paths
// against a small reference program that does the one thing and nothing else,
// taken in turns within one run, median of several turns unless the report says
// that a line was measured once: what takes minutes is. The product is opened
// by package app and asked over real HTTP on loopback; the load generator runs
// in the same process and shares the processors, for both sides alike.
//
// Everything lives in a temporary folder, or in one that is kept to be used
// again. Data is synthetic: events in the gazetteer's towns, as many as people
// live there, with made-up words whose frequencies fall as in real texts.
//
// Aims and results are in docs/performance.md.
package bench
