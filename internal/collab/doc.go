// Package collab knows what people say to each other about the things of a workspace:
// comments on an entity of any kind.
package collab
