package config

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Print writes the settings in force as TOML, each with where it came from, and
// with passwords hidden.
func (c Config) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, o := range options() {
		v := o.show(&c)
		if o.secret {
			plain, err := strconv.Unquote(v)
			if err != nil {
				return fmt.Errorf("print %s: %w", o.key, err)
			}
			v = strconv.Quote(redact(plain))
		}
		if empty := o.show(&Config{}); o.hidden && v != empty {
			v = `"(hidden)"`
		}
		if _, err := fmt.Fprintf(t, "%s = %s\t# %s\n", o.key, v, c.origins[o.key]); err != nil {
			return fmt.Errorf("print the settings: %w", err)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the settings: %w", err)
	}
	return nil
}

// Reference is the page of all settings in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Configuration

<!-- Generated from internal/config. Do not edit: change options.go and run the package's tests with -update. -->

A setting is looked for in this order; the last one that sets it wins:

1. its default;
2. a TOML file (` + "`--config FILE` or `CONVOKE_CONFIG`" + `);
3. the environment; an empty variable counts as not set;
4. a flag.

An unknown key or a value that cannot be right stops the start, and all problems
are listed at once. ` + "`convoke config print`" + ` shows what is in force and where it came
from, with passwords hidden; ` + "`convoke config check`" + ` only looks for problems.

Keep passwords out of flags: other users of the machine can read them.

## Example

` + "```toml" + `
data = "/var/lib/convoke"
listen = "localhost:8080"
base_url = "https://example.org"
trusted_proxy = true
hosts = ["www.example.org"]
` + "```" + `

## Settings
`)
	for _, o := range options() {
		def := "`" + o.def + "`"
		if o.defDoc != "" {
			def = o.defDoc
		} else if o.def == "" {
			def = "none"
		}
		fmt.Fprintf(&b, "\n### `%s`\n\n%s\n\n", o.key, o.doc)
		fmt.Fprintf(&b, "- Environment: `%s`; flag: `%s`\n- Value: %s; default: %s\n", o.env(), o.flag(), o.shape, def)
		if o.secret {
			b.WriteString("- Secret: its password is hidden wherever settings are shown.\n")
		}
		if o.hidden {
			b.WriteString("- Secret: it is hidden wherever settings are shown.\n")
		}
	}
	return b.String()
}
