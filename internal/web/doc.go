// Package web is the HTML edge: routing, sessions' cookies, typed pages, forms,
// the cache of rendered pages, static files and error pages.
//
// A handler is a function func(*Call) error. It reads the request through the
// Call, calls a service, and renders a [Page], redirects, or returns an error;
// only this package turns errors into responses. Pages are rendered to a buffer
// first, so a failure never sends half a page.
package web
