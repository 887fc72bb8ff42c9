package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/fault"
	"convoke/internal/web"
)

// input reads what a request carries into a struct, as the struct's tags say: path and
// query name parameters, and the member Body is what is sent. It is one for all types:
// huma's own Register makes code for each, which was a tenth of the program (decision 0055).
type input struct {
	schemas huma.Registry
	params  []param
	body    []int        // where Body is; nil without one
	schema  *huma.Schema // of the body
}

type param struct {
	huma.Param
	index []int
	// absent is the value of a parameter that is not there, as it would be written.
	absent string
}

// newInput describes t in op. It panics at a type that no parameter can have.
func newInput(schemas huma.Registry, t reflect.Type, op *huma.Operation) *input {
	in := &input{schemas: schemas}
	name := op.OperationID + "Request"
	if t.Name() != "" {
		name = t.Name() + "Body"
	}
	for _, f := range reflect.VisibleFields(t) {
		switch {
		case f.Name == "Body":
			in.body = f.Index
			in.schema = huma.SchemaFromField(schemas, f, name)
			in.schema.PrecomputeMessages()
			op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaType: {Schema: in.schema}}}
		case f.Tag.Get("path")+f.Tag.Get("query") != "":
			p := newParam(schemas, f)
			in.params = append(in.params, p)
			op.Parameters = append(op.Parameters, &p.Param)
		}
	}
	return in
}

func newParam(schemas huma.Registry, f reflect.StructField) param {
	name, explode, _ := strings.Cut(f.Tag.Get("query"), ",")
	p := param{index: f.Index, absent: f.Tag.Get("default")}
	p.Name, p.In, p.Schema = f.Tag.Get("path"), "path", huma.SchemaFromField(schemas, f, "")
	p.Required = p.Name != "" || f.Tag.Get("required") == "true"
	if name != "" {
		many := explode == "explode"
		p.Name, p.In, p.Explode = name, "query", &many
	}
	p.Description = p.Schema.Description
	if _, err := p.read(reflect.New(f.Type).Elem(), []string{"1"}); err != nil {
		panic("api: the parameter " + p.Name + ": " + err.Error())
	}
	return p
}

// value is what the request says, one text for each time it says it.
func (p *param) value(c *web.Call, q url.Values) []string {
	all := q[p.Name]
	if p.In == "path" {
		all = []string{c.Param(p.Name)}
	}
	if len(all) == 0 || all[0] == "" {
		all = []string{p.absent}
	}
	if p.Explode == nil || !*p.Explode {
		all = all[:1]
	}
	return all
}

// read puts a value into f, and returns it as its schema checks it.
func (p *param) read(f reflect.Value, all []string) (any, error) {
	switch f.Kind() {
	case reflect.String:
		f.SetString(all[0])
		return all[0], nil
	case reflect.Int:
		n, err := strconv.Atoi(all[0])
		f.SetInt(int64(n))
		return n, err
	case reflect.Bool:
		yes, err := strconv.ParseBool(all[0])
		f.SetBool(yes)
		return yes, err
	case reflect.Slice:
		list, ok := f.Addr().Interface().(*[]string)
		if !ok {
			break
		}
		*list = all
		if len(all) == 1 && !*p.Explode {
			*list = strings.Split(all[0], ",")
		}
		return *list, nil
	}
	return nil, errors.New("no parameter can be a " + f.Type().String())
}

// read fills v, or says all that is wrong.
func (in *input) read(c *web.Call, v reflect.Value) error {
	var wrong huma.ValidateResult
	path := huma.NewPathBuffer(nil, 0)
	at := func(where, name string) *huma.PathBuffer {
		path.Reset()
		path.Push(where)
		path.Push(name)
		return path
	}
	q := c.Query()
	for name := range q {
		if !slices.ContainsFunc(in.params, func(p param) bool { return p.In == "query" && p.Name == name }) {
			wrong.Add(at("query", name), nil, wordsUnknown)
		}
	}
	for i := range in.params {
		p := &in.params[i]
		text := p.value(c, q)
		if text[0] == "" {
			if p.Required {
				wrong.Add(at(p.In, p.Name), nil, wordsMissing)
			}
			continue
		}
		got, err := p.read(v.FieldByIndex(p.index), text)
		if err != nil {
			wrong.Add(at(p.In, p.Name), nil, err.Error())
			continue
		}
		huma.Validate(in.schemas, p.Schema, at(p.In, p.Name), huma.ModeWriteToServer, got, &wrong)
	}
	if in.body != nil {
		if err := in.readBody(c, v.FieldByIndex(in.body), path, &wrong); err != nil {
			return err
		}
	}
	if len(wrong.Errors) > 0 {
		return faultOf(wrong.Errors)
	}
	return nil
}

// readBody checks what was sent against its schema before it goes into f.
func (in *input) readBody(c *web.Call, f reflect.Value, path *huma.PathBuffer, wrong *huma.ValidateResult) error {
	var sent bytes.Buffer
	if n, err := io.Copy(&sent, io.LimitReader(c.R.Body, maxBody)); err != nil {
		return errNotJSON(err)
	} else if n == maxBody {
		return fault.TooLarge("form.large", "That is more than this server takes at once ({kib} KiB). Nothing was recorded.", "kib", maxBody>>10)
	}
	if sent.Len() > 0 && !isJSON(c.R) {
		return fault.Malformed("api.media_type", "Send JSON, with the content type application/json.")
	}
	if hasNUL(sent.Bytes()) {
		return errNotJSON(errNUL)
	}
	var any any
	if err := json.Unmarshal(sent.Bytes(), &any); err != nil {
		return errNotJSON(err)
	}
	path.Reset()
	path.Push("body")
	known := len(wrong.Errors)
	huma.Validate(in.schemas, in.schema, path, huma.ModeWriteToServer, any, wrong)
	if len(wrong.Errors) > known {
		return nil
	}
	// A number may fit the schema and not the type.
	if err := json.Unmarshal(sent.Bytes(), f.Addr().Interface()); err != nil {
		wrong.Add(path, nil, err.Error())
	}
	return nil
}

func isJSON(r *http.Request) bool {
	sent := r.Header.Get("Content-Type")
	name, _, err := mime.ParseMediaType(sent)
	return sent == "" || err == nil && name == mediaType
}

func errNotJSON(why error) error {
	return fault.Because(fault.Malformed("api.json", "What was sent cannot be read as JSON. Nothing was recorded."), why)
}

var errNUL = errors.New("a text holds a NUL")

// hasNUL finds what one database engine would store and the other not, as package web
// does in forms and queries.
func hasNUL(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(b[i:], []byte(`\u0000`)) {
			return true
		}
		i++ // what is escaped may be another backslash
	}
	return false
}
