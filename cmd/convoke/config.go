package main

import (
	"fmt"
)

// configCmd shows or checks the settings.
type configCmd struct {
	Print configPrint `cmd:"" help:"Print every setting and where it comes from; secrets are hidden."`
	Check configCheck `cmd:"" help:"Say everything that is wrong with the settings."`
}

type configPrint struct{}

// Run prints TOML that can be used as a file.
func (configPrint) Run(p *program, set Settings) error {
	c, err := set.load(p, nil)
	if err != nil {
		return err
	}
	return c.Print(p.out)
}

type configCheck struct{}

// Run is silent about secrets and ends with 2 when something is wrong.
func (configCheck) Run(p *program, set Settings) error {
	if _, err := set.load(p, nil); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.out, "The settings are fine.")
	return err
}
