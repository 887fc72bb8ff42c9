package api

import (
	"bytes"
	"encoding/json"
	"fmt"

	"convoke/internal/web"
)

// Form is a body as a page's form would have sent it, member for field, so that
// one function reads and cleans both, and what is wrong has one name.
func Form(c *web.Call, body any) (*web.Form, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("read a body as a form: %w", err)
	}
	var members map[string]any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&members); err != nil {
		return nil, fmt.Errorf("read a body as a form: %w", err)
	}
	f := c.NewForm()
	for name, v := range members {
		if list, ok := v.([]any); ok {
			var all []string
			for _, x := range list {
				all = append(all, fieldText(x))
			}
			f.Set(name, all...)
			continue
		}
		f.Set(name, fieldText(v))
	}
	return f, nil
}

// fieldText is a text or a number as typed, and "1" for what is ticked.
func fieldText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		if x {
			return "1"
		}
	}
	return ""
}
