// Package serve is the public record over HTTP: the files of the logs, which
// anybody may copy and cache, and the endpoints at which keys take part, which
// refuse whatever could say who sends. docs/record.md specifies them.
package serve
