package alerts

// Web is the feature's pages.
type Web struct{ *Service }
