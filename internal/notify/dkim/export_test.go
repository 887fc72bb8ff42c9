package dkim

// Sign is the value of b= for a signature whose other tags are given.
func (k Key) Sign(msg []byte, names []string, value string) (string, error) {
	fields, _ := split(msg)
	return k.sign(fields, names, value)
}
