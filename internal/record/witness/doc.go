// Package witness makes nodes watch each other: a witness remembers the largest
// checkpoint of each log that it knows and cosigns nothing but what that one grew
// into, so that a log cannot show two histories to two readers.
//
// [Witness] is the side that cosigns (https://c2sp.org/tlog-witness), [Collector]
// the side of a node that asks for cosignatures of its own log, by the witnesses
// and the quorum of a [Policy] (https://c2sp.org/tlog-policy). Cosignatures are
// timestamped Ed25519 ones (https://c2sp.org/tlog-cosignature).
//
// It owns the tables record_witnessed and record_asked.
package witness
