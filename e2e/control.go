package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// How long an action may take to begin a page load: one that leads away, and
// one that may. Waiting the whole time happens only when no load begins.
const (
	leadsAway = 3 * time.Second
	mayLead   = 300 * time.Millisecond
)

// Control is something on a page as assistive technology knows it.
type Control struct {
	Role string // "link", "button", "textbox", "checkbox", "heading"...
	Name string // accessible name, white space folded
	Node cdp.BackendNodeID
}

// String gives role and name.
func (c Control) String() string { return fmt.Sprintf("%s %q", c.Role, c.Name) }

// Controls lists what the page offers to assistive technology now, in reading
// order. With roles, only those.
func (p *Page) Controls(roles ...string) []Control {
	p.t.Helper()
	tree, err := ask(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return nil // the page is being replaced; who waits asks again
	}
	var out []Control
	for _, n := range tree.Nodes {
		if n.Ignored || n.BackendDOMNodeID == 0 {
			continue
		}
		c := Control{Role: axString(n.Role), Name: fold(axString(n.Name)), Node: n.BackendDOMNodeID}
		if len(roles) == 0 || slices.Contains(roles, c.Role) {
			out = append(out, c)
		}
	}
	return out
}

func axString(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s any
	if err := json.Unmarshal(v.Value, &s); err != nil || s == nil {
		return ""
	}
	return fmt.Sprint(s)
}

// role waits for the first control of a role with exactly that name.
func (p *Page) role(role, name string) Control {
	p.t.Helper()
	var found Control
	ok := until(func() bool {
		all := p.Controls(role)
		i := slices.IndexFunc(all, func(c Control) bool { return c.Name == fold(name) })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	if !ok {
		p.t.Fatalf("%s has no %s %q; it has %v", p.URL(), role, name, p.Controls(role))
	}
	return found
}

// HasRole waits until the page has a control of a role with exactly that name.
func (p *Page) HasRole(role, name string) {
	p.t.Helper()
	p.role(role, name)
}

// ClickRole clicks the first control of a role with exactly that accessible
// name, with the mouse, and waits for the page that it leads to, if it does.
func (p *Page) ClickRole(role, name string) {
	p.t.Helper()
	c := p.role(role, name)
	begin := mayLead
	if p.leads(c) {
		begin = leadsAway
	}
	before := p.net.loads()
	if err := p.click(c.Node); err != nil {
		p.t.Fatalf("click %v on %s: %v", c, p.URL(), err)
	}
	p.net.settle(before, begin)
}

// leads reports whether a click is expected to load a page.
func (p *Page) leads(c Control) bool {
	name, attrs := p.element(c.Node)
	switch name {
	case "A":
		href := attribute(attrs, "href")
		return href != "" && !strings.HasPrefix(href, "#")
	case "BUTTON":
		kind := attribute(attrs, "type")
		return kind == "" || kind == "submit"
	case "INPUT":
		kind := attribute(attrs, "type")
		return kind == "submit" || kind == "image"
	}
	return false
}

// element is the tag in capitals and the attributes of a node.
func (p *Page) element(id cdp.BackendNodeID) (string, []string) {
	d, err := ask(p, dom.DescribeNode, dom.DescribeNodeParams{BackendNodeID: id})
	if err != nil {
		return "", nil
	}
	return d.Node.NodeName, d.Node.Attributes
}

func (p *Page) click(id cdp.BackendNodeID) error {
	if _, err := ask(p, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: id}); err != nil {
		return err
	}
	q, err := ask(p, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: id})
	if err != nil {
		return err
	}
	if len(q.Quads) == 0 || len(q.Quads[0]) != 8 {
		return errors.New("it has no place on the page")
	}
	var x, y float64
	for i, v := range q.Quads[0] {
		if i%2 == 0 {
			x += v / 4
		} else {
			y += v / 4
		}
	}
	return p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y), chromedp.MouseClickXY(x, y))
}

// Fill puts a value into the text field with that label in place of what stands
// there, as a person who selects all and types would. In fields for dates and
// times the value is in the form of the HTML standard ("2026-05-02", "18:00").
func (p *Page) Fill(label, value string) {
	p.t.Helper()
	c, tag, attrs := p.field(label, "INPUT", "TEXTAREA")
	var err error
	switch kind := attribute(attrs, "type"); {
	case tag == "INPUT" && slices.Contains([]string{"date", "time", "datetime-local", "month", "week", "color", "range"}, kind):
		// How these are typed depends on the browser's language. Whoever types is in the
		// field, and suggestions to the field before are away.
		if err = p.focus(c.Node); err == nil {
			err = p.setAttribute(c.Node, "value", value)
		}
	default:
		err = p.retype(c.Node, value)
	}
	if err != nil {
		p.t.Fatalf("fill %v on %s: %v", c, p.URL(), err)
	}
}

func (p *Page) retype(id cdp.BackendNodeID, value string) error {
	if err := p.focus(id); err != nil {
		return err
	}
	all := input.DispatchKeyEventParams{
		Type: input.DispatchKeyEventTypeKeyDown, Key: "a", Code: "KeyA", Modifiers: int64(kb.ModifierCtrl),
		Commands: []string{"selectAll"},
	}
	if _, err := ask(p, input.DispatchKeyEvent, all); err != nil {
		return err
	}
	if value == "" {
		return p.do(chromedp.KeyEvent(kb.Backspace))
	}
	_, err := ask(p, input.InsertText, input.InsertTextParams{Text: value})
	return err
}

func (p *Page) focus(id cdp.BackendNodeID) error {
	if _, err := ask(p, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: id}); err != nil {
		return err
	}
	_, err := ask(p, dom.Focus, dom.FocusParams{BackendNodeID: id})
	return err
}

func (p *Page) setAttribute(id cdp.BackendNodeID, name, value string) error {
	// Attributes are set by node id, which a node has after its document was
	// read.
	if _, err := ask(p, dom.GetDocument, dom.GetDocumentParams{}); err != nil {
		return err
	}
	ids, err := ask(p, dom.PushNodesByBackendIDsToFrontend,
		dom.PushNodesByBackendIDsToFrontendParams{BackendNodeIDs: []cdp.BackendNodeID{id}})
	if err != nil {
		return err
	}
	_, err = ask(p, dom.SetAttributeValue,
		dom.SetAttributeValueParams{NodeID: ids.NodeIDs[0], Name: name, Value: value})
	return err
}

// field waits for the form field with a label, among some tags.
func (p *Page) field(label string, tags ...string) (Control, string, []string) {
	p.t.Helper()
	var found Control
	var tag string
	var attrs []string
	ok := until(func() bool {
		for _, c := range p.Controls() {
			if c.Name != fold(label) {
				continue
			}
			if tag, attrs = p.element(c.Node); slices.Contains(tags, tag) {
				found = c
				return true
			}
		}
		return false
	})
	if !ok {
		p.t.Fatalf("%s has no field %q; it has %v", p.URL(), label,
			p.Controls("textbox", "searchbox", "combobox", "spinbutton", "checkbox", "radio", "listbox"))
	}
	return found, tag, attrs
}

// Value is what stands in the field with that label: the text, or the chosen
// option's.
func (p *Page) Value(label string) string {
	p.t.Helper()
	c, _, _ := p.field(label, "INPUT", "TEXTAREA", "SELECT")
	n, err := ask(p, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{
		BackendNodeID: c.Node, FetchRelatives: new(bool),
	})
	if err != nil || len(n.Nodes) == 0 {
		p.t.Fatalf("read %v on %s: %v", c, p.URL(), err)
	}
	return axString(n.Nodes[0].Value)
}

// Checked reports whether the box or radio button with that label is marked.
func (p *Page) Checked(label string) bool {
	p.t.Helper()
	c, _, _ := p.field(label, "INPUT")
	n, err := ask(p, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{
		BackendNodeID: c.Node, FetchRelatives: new(bool),
	})
	if err != nil || len(n.Nodes) == 0 {
		p.t.Fatalf("read %v on %s: %v", c, p.URL(), err)
	}
	return property(n.Nodes[0], "checked") == "true"
}

func property(n *accessibility.Node, name accessibility.PropertyName) string {
	for _, q := range n.Properties {
		if q.Name == name {
			return axString(q.Value)
		}
	}
	return ""
}

// Check marks the box or radio button with that label, by keyboard, or takes
// the mark away from a box.
func (p *Page) Check(label string, on bool) {
	p.t.Helper()
	if p.Checked(label) == on {
		return
	}
	c, _, _ := p.field(label, "INPUT")
	if err := p.focus(c.Node); err != nil {
		p.t.Fatalf("reach %v on %s: %v", c, p.URL(), err)
	}
	p.Press("Space")
	if !until(func() bool { return p.Checked(label) == on }) {
		p.t.Fatalf("%v on %s does not change", c, p.URL())
	}
}

// Select chooses an option by its text in the drop-down with that label, by
// keyboard.
func (p *Page) Select(label, option string) {
	p.t.Helper()
	c, _, _ := p.field(label, "SELECT")
	steps, err := p.steps(c.Node, option)
	if err != nil {
		p.t.Fatalf("choose in %v on %s: %v", c, p.URL(), err)
	}
	if err := p.focus(c.Node); err != nil {
		p.t.Fatalf("reach %v on %s: %v", c, p.URL(), err)
	}
	if err := p.do(chromedp.KeyEvent(kb.Home + strings.Repeat(kb.ArrowDown, steps))); err != nil {
		p.t.Fatalf("choose in %v on %s: %v", c, p.URL(), err)
	}
	if !until(func() bool { return p.Value(label) == fold(option) }) {
		p.t.Fatalf("%v on %s shows %q, not %q", c, p.URL(), p.Value(label), option)
	}
}

// steps is how many times down from the first option leads to the option.
func (p *Page) steps(id cdp.BackendNodeID, option string) (int, error) {
	d, err := ask(p, dom.DescribeNode, dom.DescribeNodeParams{BackendNodeID: id, Depth: depth(-1)})
	if err != nil {
		return 0, err
	}
	options := optionsOf(d.Node, false)
	if i := slices.Index(options, fold(option)); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("no option %q among %q", option, options)
}

func depth(n int64) *int64 { return &n }

// optionsOf are the texts of the options that can be chosen.
func optionsOf(n *cdp.Node, disabled bool) []string {
	var out []string
	for _, c := range n.Children {
		off := disabled || slices.Contains(c.Attributes, "disabled")
		switch {
		case c.NodeName == "OPTGROUP":
			out = append(out, optionsOf(c, off)...)
		case c.NodeName == "OPTION" && !off:
			text := ""
			for _, v := range c.Children {
				text += v.NodeValue
			}
			out = append(out, fold(text))
		}
	}
	return out
}

// Press presses one key: "Enter", "Space", "Tab", "Escape", "ArrowDown" and the
// other arrows, or a character. It waits for the page that the key leads to, if
// it does.
func (p *Page) Press(key string) {
	p.t.Helper()
	names := map[string]string{
		"Enter": kb.Enter, "Space": " ", "Tab": kb.Tab, "Escape": kb.Escape, "Backspace": kb.Backspace,
		"ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
		"Home": kb.Home, "End": kb.End,
	}
	keys, ok := names[key]
	if !ok {
		keys = key
	}
	before := p.net.loads()
	if err := p.do(chromedp.KeyEvent(keys)); err != nil {
		p.t.Fatalf("press %s on %s: %v", key, p.URL(), err)
	}
	if key == "Enter" {
		p.net.settle(before, leadsAway)
	}
}

// Focused is the control that has the keyboard, if one has.
func (p *Page) Focused() (Control, bool) {
	p.t.Helper()
	tree, err := ask(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return Control{}, false
	}
	for i, n := range tree.Nodes {
		if axString(n.Role) == "RootWebArea" || property(n, "focused") != "true" {
			continue
		}
		// Day, month and year of a date field have the keyboard in turn; the
		// control is the field.
		for up := parent(tree.Nodes, i); up != nil; up = parent(tree.Nodes, slices.Index(tree.Nodes, up)) {
			if manyStops(axString(up.Role)) {
				n = up
			}
		}
		return Control{Role: axString(n.Role), Name: fold(axString(n.Name)), Node: n.BackendDOMNodeID}, true
	}
	return Control{}, false
}

func parent(nodes []*accessibility.Node, i int) *accessibility.Node {
	for _, n := range nodes {
		if n.NodeID == nodes[i].ParentID {
			return n
		}
	}
	return nil
}

// TabOrder presses Tab until the keyboard has been everywhere and returns what
// it reached, in order. A control that cannot be left by Tab fails the test.
func (p *Page) TabOrder() []Control {
	p.t.Helper()
	const most = 500 // more than any page has
	var out []Control
	for range most {
		p.Press("Tab")
		c, ok := p.Focused()
		if !ok || len(out) > 0 && c.Node == out[0].Node {
			return out
		}
		if slices.ContainsFunc(out, func(b Control) bool { return b.Node == c.Node }) {
			if out[len(out)-1].Node == c.Node && manyStops(c.Role) {
				continue // day, month and year of one date field
			}
			p.t.Fatalf("the keyboard is trapped at %v on %s", c, p.URL())
		}
		out = append(out, c)
	}
	p.t.Fatalf("%s has more than %d stops for the keyboard", p.URL(), most)
	return nil
}

// manyStops are the fields with several places for the keyboard in one control.
func manyStops(role string) bool {
	return slices.Contains([]string{"Date", "DateTime", "InputTime", "Month", "Week"}, role)
}
