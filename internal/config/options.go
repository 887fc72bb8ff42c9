package config

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"convoke/internal/fetch"
)

// shape is the TOML type of a value.
type shape string

const (
	aText   shape = "text"
	aBool   shape = "true or false"
	aNumber shape = "whole number"
	aList   shape = "list of texts"
)

// option is one key.
type option struct {
	key    string
	shape  shape
	def    string                      // as in the environment; "" when there is none or it is derived
	doc    string                      // for the reference page
	defDoc string                      // when the default is not def
	secret bool                        // its password is hidden
	hidden bool                        // all of it is
	set    func(*Config, string) error // lists come joined by commas
	show   func(*Config) string        // as TOML
}

func (o option) env() string { return envPrefix + strings.ToUpper(o.key) }

// flag is how the command line sets the key: the settings that a contract or a
// first try needs have a flag of their own.
func (o option) flag() string {
	switch o.key {
	case "data", "listen", "base_url", "database_url", "keys_url", "metrics_listen", "role", "demo", "dev":
		return "--" + strings.ReplaceAll(o.key, "_", "-")
	}
	return "--set " + o.key + "=VALUE"
}

const envPrefix = "CONVOKE_"

// options is the table of all keys, in the order of the reference page.
func options() []option {
	return slices.Concat(place(), service(), contact(), textMessages(), publicRecord())
}

func place() []option {
	return []option{
		text("data", "data", "Folder of the node: databases, key, uploads. It is made when missing.",
			func(c *Config) *string { return &c.Data }, folder),
		text("listen", "localhost:8080", "Address and port of the web server. `:8080` answers on every network; port `0` takes any free one.",
			func(c *Config) *string { return &c.Listen }, hostPort),
		derived("http:// and the address of `listen`", text("base_url", "", "Address that people type, as in `https://example.org`: it is in links, mail and feeds.",
			func(c *Config) *string { return &c.BaseURL }, baseURL)),
		secret(derived("SQLite: `convoke.db` in `data`", text("database_url", "", "PostgreSQL, as in `postgres://user:password@host/name`, or the path of an SQLite file that ends in `.db`. Better set in the environment or the file: other users of the machine can read flags.",
			func(c *Config) *string { return &c.DatabaseURL }, database))),
		secret(derived("SQLite: `keys.db` in `data`", text("keys_url", "", "The separate database of the keys of personal fields: PostgreSQL, or the path of an SQLite file that ends in `.db`. Back it up apart from the rest and for seven days only.",
			func(c *Config) *string { return &c.KeysURL }, database))),
		derived("`boot.key` in `data`", text("boot_key_file", "", "File with the key that wraps all other keys. It is made when missing, and only its owner may read it. Without it personal fields cannot be read again.",
			func(c *Config) *string { return &c.BootKeyFile })),
	}
}

func service() []option {
	return []option{
		derived("off", text("metrics_listen", "", "Address and port for Prometheus metrics, as in `localhost:9090`. Do not make it public.",
			func(c *Config) *string { return &c.MetricsListen }, hostPort)),
		text("role", "all", "What this process does: `all`, only `web` pages, or only `worker` jobs.",
			func(c *Config) *string { return &c.Role }, oneOf("all", "web", "worker")),
		boolean("demo", "Loads the bundled sample into an empty database, marked as a sample on every page.",
			func(c *Config) *bool { return &c.Demo }),
		text("language", "en", "Language of pages for people whose browser asks for none that we have.",
			func(c *Config) *string { return &c.Language }, languageTag),
		logLevel(),
		text("log_format", "text", "`text` for people or `json` for programs.",
			func(c *Config) *string { return &c.LogFormat }, oneOf("text", "json")),
		boolean("trusted_proxy", "Believes the last entry of `X-Forwarded-For` that a web server on the same machine sends, so that floods are slowed by the network they come from. Without it, requests from this machine are not limited.",
			func(c *Config) *bool { return &c.TrustedProxy }),
		hosts(), alertCategories(), capFeeds(),
		text("onion", "", "Onion service of this node, as in `abc….onion`; Tor Browser offers it to visitors.",
			func(c *Config) *string { return &c.Onion }, onion),
		derived("the bundled map of the world", text("basemap", "", "Path of a larger map, a `.pmtiles` file.",
			func(c *Config) *string { return &c.Basemap })),
		number("max_upload_mib", 20, 1, 1024, "Largest upload in MiB.",
			func(c *Config) *int { return &c.MaxUploadMiB }),
		boolean("dev", "Help for developers: pseudo-languages that show texts nobody can translate.",
			func(c *Config) *bool { return &c.Dev }),
	}
}

func contact() []option {
	return []option{
		secret(derived("no mail is sent", text("smtp_url", "", "Mail server, as in `smtps://user:password@mail.example.org:465`.",
			func(c *Config) *string { return &c.SMTPURL }, smtp))),
		text("mail_from", "", "Address that mail comes from, as in `Riverside Neighbours <post@example.org>`.",
			func(c *Config) *string { return &c.MailFrom }, mailAddress),
		derived("that of `mail_from`", text("mail_bounces", "", "Address that mail comes back to when it cannot be delivered, as in `bounce@example.org`. Each message has one of its own, `bounce+…@example.org`, which your mail server must hand over to `mail_listen`.",
			func(c *Config) *string { return &c.MailBounces }, bareAddress)),
		derived("off", text("mail_listen", "", "Address and port where your mail server hands over mail to this node by LMTP or SMTP, as in `localhost:2424`. Do not make it public: nobody has to sign in.",
			func(c *Config) *string { return &c.MailListen }, hostPort)),
		derived("nobody can report by mail", text("mail_report", "", "Address to which people can write reports for alerts, as in `report@example.org`; your mail server must hand it over to `mail_listen`. Pages show it.",
			func(c *Config) *string { return &c.MailReport }, bareAddress)),
		derived("mail is not signed", text("dkim_selector", "", "Name of the key with which mail is signed (DKIM), as in `mail1`; `convoke mail dkim` makes one and prints the record for your DNS.",
			func(c *Config) *string { return &c.DKIMSelector }, selector)),
		derived("`dkim.key` in `data`", text("dkim_key", "", "File with that key: RSA of at least 2048 bits, or Ed25519, in PEM.",
			func(c *Config) *string { return &c.DKIMKey })),
		text("registration", "invited", "Who can make an account: only who is `invited`, or everybody who has an `email` address.",
			func(c *Config) *string { return &c.Registration }, oneOf("invited", "email")),
	}
}

// publicRecord is what the public record and its witnesses need.
func publicRecord() []option {
	return []option{
		derived("the host of `base_url`", text("record_name", "", "Name of the public record, a host as in `example.org`: it is in every line that is signed. The first start settles it; a later change has no effect, see the operator's guide.",
			func(c *Config) *string { return &c.RecordName }, recordName)),
		derived("no witnesses", text("record_policy", "", "Path of a file with the witnesses that this node asks to cosign its public record, and how many of them it takes, in the form of [tlog-policy](https://c2sp.org/tlog-policy).",
			func(c *Config) *string { return &c.RecordPolicy })),
		derived("it cosigns no logs", text("witness_logs", "", "Path of a file with the keys of other nodes' logs that this node cosigns as a witness, one a line; the line that begins with `log` at `/.well-known/convoke-policy` of the other node will do.",
			func(c *Config) *string { return &c.WitnessLogs })),
	}
}

func secret(o option) option { o.secret = true; return o }

func hidden(o option) option { o.hidden = true; return o }

func derived(doc string, o option) option { o.defDoc = doc; return o }

// text is a key with a string field. A check may change the value to its usual
// form. A key without a default may be empty, which no check sees.
func text(key, def, doc string, field func(*Config) *string, checks ...func(string) (string, error)) option {
	return option{
		key: key, shape: aText, def: def, doc: doc,
		set: func(c *Config, v string) (err error) {
			if v == "" && def == "" { // turned off
				*field(c) = ""
				return nil
			}
			for _, check := range checks {
				if v, err = check(v); err != nil {
					return err
				}
			}
			*field(c) = v
			return nil
		},
		show: func(c *Config) string { return strconv.Quote(*field(c)) },
	}
}

func boolean(key, doc string, field func(*Config) *bool) option {
	return option{
		key: key, shape: aBool, def: "false", doc: doc,
		set: func(c *Config, v string) error {
			b, err := strconv.ParseBool(v)
			if err != nil {
				return errors.New("must be true or false")
			}
			*field(c) = b
			return nil
		},
		show: func(c *Config) string { return strconv.FormatBool(*field(c)) },
	}
}

func number(key string, def, low, high int, doc string, field func(*Config) *int) option {
	return option{
		key: key, shape: aNumber, def: strconv.Itoa(def), doc: fmt.Sprintf("%s From %d to %d.", doc, low, high),
		set: func(c *Config, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < low || n > high {
				return fmt.Errorf("must be a whole number from %d to %d", low, high)
			}
			*field(c) = n
			return nil
		},
		show: func(c *Config) string { return strconv.Itoa(*field(c)) },
	}
}

func logLevel() option {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	return option{
		key: "log_level", shape: aText, def: "info", doc: "What is logged: `debug`, `info`, `warn` or `error` and what is worse.",
		set: func(c *Config, v string) error {
			l, ok := levels[v]
			if !ok {
				return errors.New("must be debug, info, warn or error")
			}
			c.LogLevel = l
			return nil
		},
		show: func(c *Config) string { return strconv.Quote(strings.ToLower(c.LogLevel.String())) },
	}
}

func hosts() option {
	return list("hosts", "Further host names under which the node answers, as in `[\"www.example.org\"]`.",
		func(c *Config) *[]string { return &c.Hosts }, hostName)
}

func alertCategories() option {
	return list("alert_categories", "What alert networks on this node may warn of; empty is all: `weather`, `fire`, `eviction`, `utility`, `service`, `road`, `operation`, `threat`, `person`, `medical`, `observers`.",
		func(c *Config) *[]string { return &c.AlertKinds }, func(v string) (string, error) {
			if v == "" || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz") != "" {
				return "", errors.New("must be codes of categories, as in fire,weather")
			}
			return v, nil
		})
}

func capFeeds() option {
	return list("cap_feeds", "Feeds of official warnings that `/alerts` shows, at most 20: `https://` addresses of Atom or RSS lists of CAP messages, or of one message; a name to show may stand before it, as in `Weather service https://example.org/warnings.atom`.",
		func(c *Config) *[]Feed { return &c.CAPFeeds }, func(v string) (Feed, error) {
			fields := strings.Fields(v)
			if len(fields) == 0 {
				return Feed{}, errors.New("must be addresses, as in https://example.org/warnings.atom")
			}
			f := Feed{strings.Join(fields[:len(fields)-1], " "), fields[len(fields)-1]}
			if len(f.Name) > 100 || len(f.Address) > 1000 {
				return f, errors.New("must be a name of at most 100 characters and an address")
			}
			if err := fetch.Check(f.Address); err != nil {
				return f, fmt.Errorf("must be addresses as in https://example.org/warnings.atom: %w", err)
			}
			return f, nil
		})
}

// list is a key with several values, each of which parse reads.
func list[T any](key, doc string, field func(*Config) *[]T, parse func(string) (T, error)) option {
	return option{
		key: key, shape: aList, doc: doc + " In the environment and flags they are separated by commas.",
		set: func(c *Config, v string) error {
			*field(c) = nil
			if v == "" {
				return nil
			}
			for _, part := range strings.Split(v, ",") {
				x, err := parse(strings.TrimSpace(part))
				if err != nil {
					return err
				}
				*field(c) = append(*field(c), x)
			}
			return nil
		},
		show: func(c *Config) string {
			quoted := make([]string, len(*field(c)))
			for i, x := range *field(c) {
				quoted[i] = strconv.Quote(fmt.Sprint(x))
			}
			return "[" + strings.Join(quoted, ", ") + "]"
		},
	}
}
