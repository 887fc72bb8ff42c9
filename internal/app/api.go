package app

import (
	"context"
	"fmt"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// apiKeys hashes idempotency keys under a key of the vault, so that nobody who
// reads the main database can make them.
type apiKeys struct{ vault *seal.Vault }

// Tag implements api.Keys.
func (k apiKeys) Tag(ctx context.Context, purpose, value string) ([]byte, error) {
	key, err := k.vault.Key(ctx, "api")
	if err != nil {
		return nil, fmt.Errorf("find the key of the API: %w", err)
	}
	return key.Tag(purpose, value), nil
}

// mountAPI adds the operations of every feature.
func (n *Node) mountAPI(limits *limiter) {
	n.API = api.New(api.Options{
		Site: n.Site, Tokens: n.Identity, Keys: apiKeys{n.Vault}, Limit: limits, Client: n.client,
	})
	n.Identity.MountAPI(n.API)
	n.Groups.MountAPI(n.API)
	n.eventsWeb.MountAPI(n.API)
	n.attendWeb.MountAPI(n.API, n.seesNeeds)
	n.turnoutWeb.MountAPI(n.API)
	n.grantsWeb.MountAPI(n.API)
	n.doorWeb.MountAPI(n.API)
	n.feedbackWeb.MountAPI(n.API)
	n.rolesWeb.MountAPI(n.API)
	n.ridesWeb.MountAPI(n.API)
	n.statementsWeb.MountAPI(n.API)
	n.petitionsWeb.MountAPI(n.API)
	n.campaignsWeb.MountAPI(n.API)
	n.pledgesWeb.MountAPI(n.API)
	n.coalitionsWeb.MountAPI(n.API)
	n.tasksWeb.MountAPI(n.API)
	n.membersWeb.MountAPI(n.API)
	n.pollsWeb.MountAPI(n.API)
	n.trusteesWeb.MountAPI(n.API)
	n.assembliesWeb.MountAPI(n.API)
	n.laddersWeb.MountAPI(n.API)
	n.alertsWeb.MountAPI(n.API)
	n.subscriptionsWeb.MountAPI(n.API)
	n.mailingsWeb.MountAPI(n.API)
	n.Webhooks.MountAPI(n.API)
}

// seesNeeds reports whether the reader may know what people of an event need.
func (n *Node) seesNeeds(c *web.Call, e id.Event) (bool, error) {
	sees := false
	err := n.DB.Read(c.Context(), func(tx *db.Tx) error {
		_, _, sub, err := n.Events.Get(c.Context(), tx, c.Actor(), e)
		sees = authz.May(c.Actor(), authz.SeeNumbers, sub)
		return err
	})
	return sees, err
}
