package config

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"convoke/internal/notify/sms"
)

// textMessages is what a gateway of text messages needs.
func textMessages() []option {
	return []option{
		hidden(derived("no text messages are sent", text("sms_url", "", "Address to which a request is sent for each text message, as in `https://sms.example.org/send` or that of a device in your own network. In it and in `sms_body`, `{to}` stands for the number as in +491701234567, `{digits}` for the number without its +, and `{text}` for the message.",
			func(c *Config) *string { return &c.SMSURL }))),
		text("sms_method", http.MethodPost, "Method of that request: `POST`, `PUT`, or `GET` when all is in the address.",
			func(c *Config) *string { return &c.SMSMethod }, oneOf(http.MethodPost, http.MethodPut, http.MethodGet)),
		hidden(list("sms_headers", "Headers of that request, as in `[\"Authorization: Bearer KEY\"]`, without commas in them.",
			func(c *Config) *[]string { return &c.SMSHeaders }, func(v string) (string, error) { return v, nil })),
		hidden(text("sms_body", "", "Body of that request: JSON, as in `{\"to\": \"{to}\", \"text\": \"{text}\"}`, or a form, as in `to={to}&text={text}`. What is put in is escaped.",
			func(c *Config) *string { return &c.SMSBody })),
		derived("200 to 299", list("sms_taken", "Statuses by which the gateway says that it took a message, as in `[\"200\", \"202\"]`.",
			func(c *Config) *[]int { return &c.SMSTaken }, status)),
		hidden(derived("nothing is taken from the gateway", text("sms_inbound_secret", "", "At least 16 letters and digits, which the gateway has in the address where it hands on what people answer, such as STOP.",
			func(c *Config) *string { return &c.SMSInboundSecret }, pathSecret))),
		text("sms_inbound_from", "from", "Field of the number in what the gateway hands on, a form or JSON; dots lead into JSON, as in `data.from`.",
			func(c *Config) *string { return &c.SMSInboundFrom }),
		text("sms_inbound_text", "text", "Field of the text in what the gateway hands on.",
			func(c *Config) *string { return &c.SMSInboundText }),
		derived("nobody can report by text message", text("sms_number", "", "Number of the gateway, as in `+49 170 1234567`, or a short one: people can write reports for alerts to it. Pages show it.",
			func(c *Config) *string { return &c.SMSNumber }, shownNumber)),
	}
}

func status(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 200 || n > 599 {
		return 0, errors.New("must be numbers from 200 to 599, each in quotes")
	}
	return n, nil
}

// shownNumber takes what can be dialled, which need not be of E.164.
func shownNumber(v string) (string, error) {
	if v != "" && (len(v) > 30 || !strings.ContainsAny(v, "0123456789") || strings.Trim(v, "+0123456789 ()/.-") != "") {
		return "", errors.New("must be a telephone number, as in +49 170 1234567")
	}
	return v, nil
}

func pathSecret(v string) (string, error) {
	if len(v) < 16 || len(v) > 200 || strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return "", errors.New("must be 16 to 200 letters, digits, hyphens and underscores")
	}
	return v, nil
}

// SMS describes the gateway of text messages; without URL there is none.
func (c *Config) SMS() sms.Settings {
	return sms.Settings{URL: c.SMSURL, Method: c.SMSMethod, Headers: c.SMSHeaders, Body: c.SMSBody, Taken: c.SMSTaken}
}

// SMSInbound describes what the gateway hands on; without secret there is nothing.
func (c *Config) SMSInbound() sms.Inbound {
	return sms.Inbound{Secret: c.SMSInboundSecret, From: c.SMSInboundFrom, Text: c.SMSInboundText}
}
