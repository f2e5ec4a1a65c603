// Package notify tells people what happened to what they follow: an inbox for each
// account in each workspace.
//
// A follower of the journal (follower.go) reads every commit once and notes whom it
// concerns and why (reason.go): whoever is mentioned, made the owner, answered, or
// follows the entity. Following begins by itself for who makes, owns or comments on
// something, and ends when somebody says so.
//
// Notices stand in plain tables, because they are personal and operational. They hold no
// text of the workspace: what an inbox shows is read with the rights of its reader at the
// time of reading (inbox.go), so whoever loses a right loses what they were told.
package notify
