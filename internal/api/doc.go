// Package api carries the JSON API: /api/v1 and its description at
// /api/openapi.json. Features declare operations in their api.go with [Add] and
// [Do]; package huma has the schemas that check what is sent and describe it.
//
// Every operation is an ordinary route of package web, so host check, limits,
// request id, language, cache and errors are those of the pages. A request is
// what its token says: cookies are not looked at.
package api
