// Package take is how people take part in a box: the gate of its roll, three ways
// to make a statement, and what somebody does later with their code.
//
// With script, everything secret stays in the browser. With the saved page or the
// command line, what goes to and fro is pasted, and no script of this server
// sees the code. Without any of that the server makes the statement itself
// (assisted): it holds the code while it answers one request and then forgets it,
// and the page says so before anything is sent.
//
// It owns no table: what somebody does is in package box. What a box is about, it
// asks the feature that made it, through [Subjects].
package take
