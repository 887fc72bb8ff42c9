// Package webtest looks at a site as a browser without script does: it keeps
// cookies, sends forms, and finds elements of the answer by simple selectors.
// It also proves that every page of a feature fits its type. For tests only.
package webtest
