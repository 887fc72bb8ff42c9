// Command convoke is the server and its tools. Each command is one file.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"convoke/internal/app"
	"convoke/internal/config"
	"convoke/internal/fault"
	"convoke/internal/fetch"
	"convoke/internal/i18n"
)

// version is set when a release is built.
var version = "devel"

// Exit codes, for scripts.
const (
	exitOK      = 0
	exitFailed  = 1 // it did not work; the reason is on standard error
	exitUsage   = 2 // the command line or the settings are wrong
	exitProblem = 3 // doctor found problems
)

// commands is the command line; the fields of each command are its flags.
type commands struct {
	Settings `embed:""`

	Serve        serveCmd        `cmd:"" help:"Answer requests and do jobs."`
	Import       importCmd       `cmd:"" help:"Take in events from a table or calendar, statements from Markdown files, and whole groups."`
	Export       exportCmd       `cmd:"" help:"Write all public events as a table or calendar, a group's statements as Markdown files, a whole group, or the public record."`
	Admin        adminCmd        `cmd:"" help:"Operators and accounts."`
	Jobs         jobsCmd         `cmd:"" help:"What could not be done, such as mail that was refused: list it, try again, give up."`
	Mail         mailCmd         `cmd:"" help:"The key that signs mail."`
	Config       configCmd       `cmd:"" help:"Show or check the settings."`
	Migrate      migrateCmd      `cmd:"" help:"Bring the database up to this version."`
	Backup       backupCmd       `cmd:"" help:"Write everything into two encrypted files."`
	Restore      restoreCmd      `cmd:"" help:"Bring a backup back into an empty data folder."`
	Doctor       doctorCmd       `cmd:"" help:"Find what is wrong and say how to mend it."`
	Record       recordCmd       `cmd:"" help:"The public record of this node: its keys, and how it goes on after a restore."`
	Verify       verifyCmd       `cmd:"" help:"Count a public record again, from its files alone."`
	Wallet       walletCmd       `cmd:"" help:"Take part in petitions and pledges from the command line."`
	Trustee      trusteeCmd      `cmd:"" help:"Keep the ballots of a sealed poll shut until it has closed, and open them with others."`
	Witness      witnessCmd      `cmd:"" help:"Cosign the public records of other nodes, and do nothing else."`
	Translations translationsCmd `cmd:"" help:"Check catalogues of other languages, or start one."`
	Bench        benchCmd        `cmd:"" help:"Measure this machine against its own limits."`
	Version      versionCmd      `cmd:"" help:"Print the version."`
}

// Settings are the flags of every command; the same keys are read from the
// environment (CONVOKE_DATA) and from a TOML file.
type Settings struct {
	File          string   `name:"config" help:"A TOML file with settings." env:"CONVOKE_CONFIG" placeholder:"FILE"`
	Data          string   `help:"Folder of the node (default: data)." placeholder:"DIR"`
	Listen        string   `help:"Address of the web server (default: localhost:8080)." placeholder:"ADDR"`
	BaseURL       string   `name:"base-url" help:"Address that people type." placeholder:"URL"`
	DatabaseURL   string   `name:"database-url" help:"PostgreSQL instead of SQLite. Better set CONVOKE_DATABASE_URL: other users can read flags." placeholder:"URL"`
	KeysURL       string   `name:"keys-url" help:"The separate database of keys." placeholder:"URL"`
	MetricsListen string   `name:"metrics-listen" help:"Address for Prometheus metrics." placeholder:"ADDR"`
	Role          string   `help:"all, web or worker." placeholder:"ROLE"`
	Set           []string `help:"Any other setting, as in --set onion=abc.onion. May be given several times." placeholder:"KEY=VALUE" sep:"none"`
}

// load reads the settings from flags, environment and file.
func (s Settings) load(p *program, extra map[string]string) (config.Config, error) {
	flags := map[string]string{}
	for k, v := range map[string]string{
		"data": s.Data, "listen": s.Listen, "base_url": s.BaseURL, "database_url": s.DatabaseURL,
		"keys_url": s.KeysURL, "metrics_listen": s.MetricsListen, "role": s.Role,
	} {
		if v != "" {
			flags[k] = v
		}
	}
	for k, v := range extra {
		flags[k] = v
	}
	for _, kv := range s.Set {
		k, v, ok := strings.Cut(kv, "=")
		if !ok {
			return config.Config{}, usageError{fmt.Errorf("--set %q: write it as KEY=VALUE", kv)}
		}
		flags[k] = v
	}
	c, err := config.Load(config.Source{Flags: flags, Environ: p.env, File: s.File})
	if err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// program is what a command gets of the outside world, so that tests can run
// it in their own process.
type program struct {
	in       io.Reader
	out, err io.Writer
	env      []string
	terminal bool // a person looks at err
	// get asks another server for a file of a type.
	get func(ctx context.Context, address, accept string) ([]byte, error)
}

// usageError ends with exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errProblems ends with exit code 3; what is wrong was printed already.
var errProblems = errors.New("problems were found")

func main() { os.Exit(start()) }

func start() int {
	privateFiles()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), terminal: isTerminal(os.Stderr),
		get: fetch.New(net.DefaultResolver).Get,
	}
	return p.run(ctx, os.Args[1:])
}

const about = `Convoke is a server with which autonomous groups call campaigns, hold events and account for
what happened, with nobody in charge of all.

Start here:
  convoke serve --demo      try it, with a sample of real events
  convoke serve             run a node of your own
  convoke doctor            find what is wrong

Every setting can be a flag, a variable (CONVOKE_LISTEN) or a line of a TOML file.`

// run parses the arguments and runs one command.
func (p *program) run(ctx context.Context, args []string) int {
	var cli commands
	exit := -1
	parser, err := kong.New(&cli, kong.Name("convoke"), kong.Description(about), kong.UsageOnError(),
		kong.Writers(p.out, p.err), kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(p),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(p.err, err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exit >= 0 { // help was shown
		return exit
	}
	if err != nil {
		fmt.Fprintf(p.err, "convoke: %s\nTry \"convoke --help\".\n", err)
		return exitUsage
	}
	if err := k.Run(cli.Settings); err != nil {
		var usage usageError
		switch {
		case errors.Is(err, errProblems):
			return exitProblem
		case errors.As(err, &usage):
			fmt.Fprintln(p.err, err)
			return exitUsage
		}
		fmt.Fprintf(p.err, "convoke: %s\n", inWords(err))
		return exitFailed
	}
	return exitOK
}

// inWords is an error for the one who typed the command: what was typed stands in
// the places of a fault's message, which logs leave open.
func inWords(err error) string {
	s, f := err.Error(), fault.Of(err)
	if f == nil {
		return s
	}
	l := i18n.English()
	for _, m := range append([]fault.FieldError{{Msg: f.Msg, Args: f.Args}}, f.Fields...) {
		s = strings.ReplaceAll(s, m.Msg, l.T(m.Msg, m.Args...))
	}
	return s
}

// locale is the language of the one who typed the command, for reports (POSIX.1-2024,
// section 8.2): es_ES.UTF-8 is Spanish, and C is English.
func (p *program) locale(n *app.Node) *i18n.Locale {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		for _, v := range slices.Backward(p.env) {
			tag, ok := strings.CutPrefix(v, name+"=")
			if ok && tag != "" {
				tag, _, _ = strings.Cut(tag, ".")
				tag, _, _ = strings.Cut(tag, "@")
				return n.Locale(strings.ReplaceAll(tag, "_", "-"))
			}
		}
	}
	return i18n.English()
}

// logger writes logs for people or programs; neither holds personal data.
func (p *program) logger(c config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.err, o))
	}
	return slog.New(slog.NewTextHandler(p.err, o))
}

// node opens the node that the settings name.
func (p *program) node(ctx context.Context, s Settings, o app.Options) (*app.Node, error) {
	c, err := s.load(p, nil)
	if err != nil {
		return nil, err
	}
	c.LogLevel = max(c.LogLevel, slog.LevelWarn) // a tool speaks for itself
	return app.Open(ctx, c, p.logger(c), o)
}

// taking opens the node that takes something in, and makes it where there is none.
// With dry nothing of it is changed, nor made: what is not there is looked at in a
// node that is gone at the end.
func (p *program) taking(ctx context.Context, s Settings, dry bool) (n *app.Node, end func() error, err error) {
	if !dry {
		n, err = p.node(ctx, s, app.Options{Migrate: true, Create: true})
		return n, func() error { return n.Close() }, err
	}
	n, err = p.node(ctx, s, app.Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		return n, func() error { return n.Close() }, err
	}
	s.Data, err = os.MkdirTemp("", "convoke-dry-")
	if err != nil {
		return nil, nil, err
	}
	gone := func() error { return os.RemoveAll(s.Data) }
	if n, err = p.node(ctx, s, app.Options{Migrate: true, Create: true}); err != nil {
		return nil, nil, errors.Join(err, gone())
	}
	return n, func() error { return errors.Join(n.Close(), gone()) }, nil
}

// isTerminal reports whether a person looks on.
func isTerminal(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0 && !strings.EqualFold(os.Getenv("TERM"), "dumb")
}
