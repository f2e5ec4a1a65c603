// Package people knows who there is to do the work: persons and the teams they are in.
package people
