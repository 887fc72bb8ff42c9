package take

import (
	"html/template"

	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// Subject is what a box is about, as its pages show it.
type Subject struct {
	Title string
	// Lang is the BCP 47 tag of the title and of what a pledge says.
	Lang string
	// URL is the page of the petition, pledge or poll.
	URL string
	// Kind is its type, such as [leaf.Petition].
	Kind string
	// Verb is what the button says, in English and marked for translation.
	Verb string
	// Pledge is what a pledge asks for, nil for what is signed.
	Pledge *PledgeAsk
	// Ballot is what a secret poll asks, nil for all else.
	Ballot *BallotAsk
}

// PledgeAsk is what a pledge asks each person.
type PledgeAsk struct {
	// Do is what they promise to do.
	Do string
	// Parts are the places or groups to choose from; none is all together.
	Parts []string
	// Threshold is how many people all of them wait for; 0 lets each choose.
	Threshold uint32
	// Suggested are thresholds to choose from quickly.
	Suggested []uint32
}

// Subjects knows what boxes of one kind are about.
type Subjects interface {
	// Subject describes a box. Its fault is NotFound for what the reader may not
	// know of.
	Subject(c *web.Call, b leaf.ID) (Subject, error)
	// Reference is what a closed roll knows the signed-in reader by; ok is false for
	// who is not signed in.
	Reference(c *web.Call, b leaf.ID) (ref string, ok bool, err error)
	// After is shown once to who has just taken part; it may be empty. It must not
	// rely on that: whoever passed the gate may read it in the page before.
	After(c *web.Call, b leaf.ID) (template.HTML, error)
}
