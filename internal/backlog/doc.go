// Package backlog holds what users will get and in which order: features with their
// workflow, dependencies, estimates and custom fields, and the views people save of
// them. An initiative is a feature that has features below it.
package backlog
