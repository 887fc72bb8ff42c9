package config

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"convoke/internal/notify/sms"
)

// maxFeeds is how many lists of official warnings a node reads.
const maxFeeds = 20

// Config is everything that can be set. [Load] fills in what follows from other
// settings, so no field needs to be interpreted again. The meaning of each key
// is in options.go, from which the reference page is made.
type Config struct {
	Data          string // folder
	Listen        string // host:port
	BaseURL       string // scheme and host without a final slash; empty when the port is chosen at start
	DatabaseURL   string // postgres:// address or path of an SQLite file; a secret
	KeysURL       string // the same for the separate database of keys; a secret
	BootKeyFile   string // path
	MetricsListen string // host:port; empty for no metrics
	Role          string // "all", "web" or "worker"
	Demo          bool   // load the sample into an empty database
	Language      string // BCP 47
	LogLevel      slog.Level
	LogFormat     string   // "text" or "json"
	TrustedProxy  bool     // heed X-Forwarded-For from loopback
	Hosts         []string // further host names, lower case
	Onion         string   // host name ending in .onion, or empty
	Basemap       string   // path of a .pmtiles file, or empty for the bundled one
	MaxUploadMiB  int      // 2^20 bytes each
	SMTPURL       string   // smtp:// or smtps://; empty for no mail; a secret
	MailFrom      string   // RFC 5322 address
	MailBounces   string   // bare address that undeliverable mail comes back to; empty for that of MailFrom
	MailReport    string   // bare address that takes reports; empty for none
	MailListen    string   // host:port of the listener for mail; empty for none
	DKIMSelector  string   // name of the key in the DNS; empty for no signatures
	DKIMKey       string   // path
	Registration  string   // "invited" or "email"
	RecordName    string   // host that the public record of a new node is named after; empty for that of BaseURL
	RecordPolicy  string   // path of a tlog-policy, or empty for no witnesses
	WitnessLogs   string   // path of the keys of logs that this node cosigns, or empty for none
	AlertKinds    []string // categories of alerts that networks may choose; none for all
	CAPFeeds      []Feed   // of official warnings
	Dev           bool     // pseudo-locales and other help for developers

	SMSURL           string   // of the gateway, with {to}, {digits} and {text}; empty for no text messages; a secret
	SMSMethod        string   // "POST", "PUT" or "GET"
	SMSHeaders       []string // "Name: value"; secrets
	SMSBody          string   // JSON or form with the same places; a secret
	SMSTaken         []int    // statuses; none for 200 to 299
	SMSInboundSecret string   // empty for no messages from the gateway
	SMSInboundFrom   string   // a field's name
	SMSInboundText   string   // a field's name
	SMSNumber        string   // to which people write reports, as pages show it; empty for none

	origins map[string]string // key to where its value came from
}

// Feed is a list of CAP messages: its https:// address, and the name that is shown, "" for
// what its messages say.
type Feed struct{ Name, Address string }

// String is the feed as it is written in the configuration.
func (f Feed) String() string { return strings.TrimSpace(f.Name + " " + f.Address) }

// derive fills what follows from other settings.
func (c *Config) derive() {
	fill := func(field *string, v string) {
		if *field == "" {
			*field = v
		}
	}
	fill(&c.DatabaseURL, filepath.Join(c.Data, "convoke.db"))
	fill(&c.KeysURL, filepath.Join(c.Data, "keys.db"))
	fill(&c.BootKeyFile, filepath.Join(c.Data, "boot.key"))
	fill(&c.DKIMKey, filepath.Join(c.Data, "dkim.key"))
	if c.BaseURL == "" {
		c.BaseURL = localURL(c.Listen)
	}
}

// localURL is the address under which this machine's browser finds listen.
func localURL(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// conflicts are the problems of settings that are right each for itself.
func (c *Config) conflicts() Problems {
	var p Problems
	add := func(key, msg string) { p = append(p, Problem{Key: key, Origin: c.origins[key], Message: msg}) }
	if c.KeysURL != "" && c.KeysURL == c.DatabaseURL {
		add("keys_url", "must not be the same database as database_url: keys that lie beside the data cannot be destroyed in its backups")
	}
	if c.MetricsListen != "" && c.MetricsListen == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
		add("metrics_listen", "must not be the same address as listen")
	}
	if c.SMTPURL != "" && c.MailFrom == "" {
		add("mail_from", "is needed when smtp_url is set: the address that mail comes from")
	}
	if c.MailBounces != "" && c.MailListen == "" {
		add("mail_bounces", "can be set only when mail_listen is: there the mail server hands over what comes back")
	}
	if c.MailReport != "" && (c.MailListen == "" || c.SMTPURL == "") {
		add("mail_report", "can be set only when mail_listen and smtp_url are: there reports come in, and answers go out")
	}
	if a, _, _ := strings.Cut(c.MailBounces, "@"); c.MailReport != "" && strings.HasPrefix(strings.ToLower(c.MailReport), strings.ToLower(a)+"@") {
		add("mail_report", "must have another name before the @ than mail_bounces")
	}
	if c.MailListen != "" && !strings.HasSuffix(c.MailListen, ":0") && (c.MailListen == c.Listen || c.MailListen == c.MetricsListen) {
		add("mail_listen", "must not be the same address as listen or metrics_listen")
	}
	if len(c.CAPFeeds) > maxFeeds {
		add("cap_feeds", fmt.Sprintf("can be %d at most", maxFeeds))
	}
	for i, f := range c.CAPFeeds {
		if slices.ContainsFunc(c.CAPFeeds[:i], func(o Feed) bool { return o.Address == f.Address }) {
			add("cap_feeds", "has an address twice: "+f.Address)
		}
	}
	if c.Registration == "email" && c.SMTPURL == "" {
		add("registration", "can be email only when smtp_url is set")
	}
	if c.SMSURL == "" {
		if c.SMSBody != "" || c.SMSInboundSecret != "" {
			add("sms_url", "is needed when sms_body or sms_inbound_secret is set: the address of the gateway")
		}
	} else if _, err := sms.New(c.SMS()); err != nil {
		add("sms_url", "and what belongs to it cannot be used: "+err.Error())
	}
	if c.SMSNumber != "" && c.SMSInboundSecret == "" {
		add("sms_number", "can be set only when sms_inbound_secret is: else nobody hears what people write to it")
	}
	return p
}
