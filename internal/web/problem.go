package web

import (
	"encoding/json"
	"fmt"

	"convoke/internal/fault"
)

// problem is RFC 9457's problem details, with our extension members.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Code      string         `json:"code"`
	Errors    []problemField `json:"errors,omitempty"`
	RequestID string         `json:"request_id"`
}

type problemField struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

func writeProblem(c *Call, e *fault.Error) error {
	p := problem{
		Type: "about:blank", Title: c.Locale.T(e.Msg, e.Args...), Status: e.Kind.Status(),
		Code: e.Code, RequestID: c.RequestID(),
	}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, problemField{"#/" + f.Name, f.Code, c.Locale.T(f.Msg, f.Args...)})
	}
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode problem: %w", err)
	}
	return c.Write(p.Status, "application/problem+json", b)
}
