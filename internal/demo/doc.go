// Package demo makes Fieldbook: a workspace that looks as if 14 people had worked on an
// offline-first inspection app for nine months, up to the day before it is made.
//
// It stands above app because it uses an installation as its people would: it founds the
// workspace and lets each of them run the commands that pages and API run, under their own
// rights, at the times of a clock that the workspace has while it is made. So history, past
// moments and undo are true. The people have no accounts, but for the host of an
// installation that is there for the demo alone.
//
// # The script
//
// What happened stands under fieldbook/, as Markdown to be read and edited. A heading
// names a thing, indented lines are its story, the rest is its description:
//
//	# feature: Photo annotation
//
//	    -170       Jun  objective: Faster inspections | tags: photo
//	    -166       Oda  status: Discovery | effort: Mobile 10/18/30
//	    -160 10:00 Oda  release: 3.8 | text
//
//	A photo without a mark says where, not what.
//
//	## Goals
//	…
//
// A line of the story has a day, perhaps a time, who it was, and what they did, with bars
// between. The first one makes the thing, with the first paragraph as its description.
//
// Days are working days from today, so that the demo is always of this week: -1 is
// yesterday, or Friday. A line without a time gets one of its own. Lines of one person
// with the same day and time are one commit, as when several things are decided at once.
//
// What somebody did is "column: value", where the columns and what a value looks like are
// those of forms, files and API; or one of these:
//
//	text              the description gets all of its paragraphs
//	blocks: TITLE     likewise unblocks, relates, duplicates
//	before: TITLE     moves it up in the manual order
//	archive, restore, delete
//	say: WORDS        begins a thread about it; @Name mentions somebody
//	reply: WORDS      answers the newest thread; likewise resolve, and react: FEELING
//	                  to the newest words in it
//	attach: NAME      hangs a file of fieldbook/files on it
//	undo              takes back what the person did last
//	role: ROLE        of a person: they get an account, and the role in the workspace
//	on: TITLE         of a proposal: the rest of the line is done to that feature in it
//	ask: NAME         of a proposal: they review it; with need: it cannot be merged
//	                  without them
//	approve: WORDS    of a proposal: what a reviewer says; likewise change
//	merge: REASON     of a proposal; likewise discard
//
// In a value @+12 is the day 12 working days from today, and @half the half year that
// the line's day is in.
package demo
