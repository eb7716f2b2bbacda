package output

// Palette holds the escape sequences of a coloured trace.
type Palette struct{}
