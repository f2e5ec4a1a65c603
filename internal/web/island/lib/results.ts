// Keys of a list of search results: J K or arrows move, Enter opens as links do.

import { at, closest } from './dom'

/** Does what a key means among results; false if it means nothing there. */
export function resultsKey(e: KeyboardEvent): boolean {
  const all = [...document.querySelectorAll<HTMLElement>('[data-results] a.find-hit')]
  if (all.length === 0) return false
  const i = all.indexOf(closest(document.activeElement, 'a.find-hit')!)
  const by = { j: 1, J: 1, ArrowDown: 1, k: -1, K: -1, ArrowUp: -1 }[e.key]
  if (by === undefined) return false
  if (i + by < 0) at('#find-q')?.focus()
  else all[Math.min(all.length - 1, i + by)].focus()
  return true
}

// from the field, an arrow leads to the first result
document.addEventListener('keydown', (e) => {
  if (e.key !== 'ArrowDown' || closest(e.target, '#find-q') === null) return
  const first = at('[data-results] a.find-hit')
  if (!first) return
  e.preventDefault()
  first.focus()
})
