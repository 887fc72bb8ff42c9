package main

import (
	"context"
	"fmt"
	"strings"

	"convoke/internal/app"
	"convoke/internal/feature/identity"
)

// adminCmd is what only somebody at the machine may do.
type adminCmd struct {
	CreateOperator adminCreate  `cmd:"" help:"Make a link that makes its user an operator."`
	ResetSignIn    adminReset   `cmd:"" help:"Make a link that gives an account a new passphrase."`
	List           adminList    `cmd:"" help:"List the accounts of this node."`
	Suspend        adminSuspend `cmd:"" help:"Keep an account from signing in."`
}

type adminCreate struct{}

// Run prints a link; the secret in it is not stored anywhere else.
func (adminCreate) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		path, err := n.Identity.CreateOperator(ctx)
		if err != nil {
			return err
		}
		return p.link(n, path)
	})
}

type adminReset struct {
	Handle string `arg:"" help:"The account's handle."`
}

// Run prints a link that works once, for 30 minutes.
func (a adminReset) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		path, err := n.Identity.ResetSignIn(ctx, a.Handle)
		if err != nil {
			return err
		}
		return p.link(n, path)
	})
}

type adminList struct{}

// Run prints one account a line.
func (adminList) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		return n.Identity.List(ctx, func(x identity.Person) error {
			var what []string
			if x.Operator {
				what = append(what, "operator")
			}
			if x.Suspended {
				what = append(what, "suspended")
			}
			_, err := fmt.Fprintf(p.out, "%s\t%s\n", x.Handle, strings.Join(what, ", "))
			return err
		})
	})
}

type adminSuspend struct {
	Handle string `arg:"" help:"The account's handle."`
	Undo   bool   `help:"Let it sign in again."`
}

// Run ends the account's sessions too.
func (a adminSuspend) Run(ctx context.Context, p *program, set Settings) error {
	return p.withNode(ctx, set, func(n *app.Node) error {
		return n.Identity.Suspend(ctx, a.Handle, !a.Undo)
	})
}

// withNode opens the node for one command.
func (p *program) withNode(ctx context.Context, set Settings, f func(*app.Node) error) error {
	n, err := p.node(ctx, set, app.Options{})
	if err != nil {
		return err
	}
	defer n.Close()
	return f(n)
}

func (p *program) link(n *app.Node, path string) error {
	_, err := fmt.Fprintf(p.out, "%s%s\n", strings.TrimSuffix(n.Config.BaseURL, "/"), path)
	return err
}
