// Keys of a list: J K or arrows move, X selects, with Shift they extend, Enter opens,
// Space shows beside, E edits, Escape closes what is open. The current row is kept by
// its identifier, so that it is the same one after the list was made new, and after a
// page was opened from it and left again.

import { anyChosen, choose, chooseAll, chooseNone, current, paintSelection, rows } from './bulk'
import { editByLetter, editFirst } from './cell'
import { at, closest } from './dom'
import { closePeek, openPeek, peeking } from './peek'

let id = '' // of the current row

function paint() {
  for (const row of rows()) row.classList.toggle('cur', row.dataset.id === id)
  paintSelection()
}

function go(to: HTMLTableRowElement | undefined) {
  if (!to) return
  id = to.dataset.id!
  paint()
  to.scrollIntoView({ block: 'nearest' })
  to.querySelector<HTMLElement>('[data-open]')?.focus({ preventScroll: true })
  if (peeking()) openPeek(to)
}

/** Does what a key means in a table; false if it means nothing there. */
export function gridKey(e: KeyboardEvent): boolean {
  const all = rows()
  if (e.key === 'Escape') return closePeek() || chooseNone()
  const row = current() ?? (closest(e.target, 'tr[data-row]') as HTMLTableRowElement | null)
  if (e.key === 'e' || e.key === 'E') return editFirst(row)
  if (all.length === 0) return e.key.length === 1 && editByLetter(e.key.toLowerCase())
  const i = row ? all.indexOf(row) : -1
  const move = (by: number) => {
    const to = all[Math.max(0, Math.min(all.length - 1, i + by))]
    if (e.shiftKey && row && to) { choose(row, true); choose(to, true) }
    go(to)
    return true
  }
  switch (e.key) {
    case 'j': case 'J': case 'ArrowDown': return move(1)
    case 'k': case 'K': case 'ArrowUp': return move(i < 0 ? 1 : -1)
    case 'x': case 'X': return choose(row)
    case 'Enter': {
      if (!row || closest(e.target, 'a, button, summary')) return false
      row.querySelector<HTMLElement>('[data-open]')?.click()
      return true
    }
    case ' ': {
      if (!row || closest(e.target, 'button, input, summary')) return false
      return peeking() ? closePeek() : openPeek(row)
    }
  }
  return false
}

/** Selects all in the filter; false where there is no list. */
export function gridAll(): boolean {
  if (!at('form.bulk')) return false
  chooseAll()
  return anyChosen()
}

document.addEventListener('click', (e) => {
  const row = closest(e.target, 'table[data-grid] tr[data-row]') as HTMLTableRowElement | null
  if (!row) return
  id = row.dataset.id!
  paint()
  if (closest(e.target, '[data-act="peek"]')) openPeek(row)
  else if (peeking() && !closest(e.target, 'a, button, input')) openPeek(row)
})

// Rows come and go: whatever brings them, they look as they should.
const main = at('#main')
let painting = false
if (main) {
  new MutationObserver(() => {
    if (painting) return
    painting = true
    queueMicrotask(() => { painting = false; paint() })
  }).observe(main, { childList: true, subtree: true })
}
document.addEventListener('refreshed', paint)

// Who comes back to a list finds it where it was left.
interface Place { id: string, top: number }
const place = () => `list:${location.pathname}${location.search}`

addEventListener('pagehide', () => {
  if (!at('table[data-grid]') || !main) return
  const left: Place = { id, top: main.scrollTop }
  sessionStorage.setItem(place(), JSON.stringify(left))
})

function comeBack() {
  const [from] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  if (from?.type !== 'back_forward' || !main || !at('table[data-grid]')) return
  try {
    const left = JSON.parse(sessionStorage.getItem(place()) ?? 'null') as Place | null
    if (!left) return
    id = left.id
    main.scrollTop = left.top
    paint()
    at<HTMLElement>('tr[data-row].cur [data-open]')?.focus({ preventScroll: true })
  } catch {
    sessionStorage.removeItem(place()) // not ours
  }
}
comeBack()

/** Leaves the page: the past for now, or an entity for the list as it was left. */
export function goBack() {
  const now = at('.past-bar [data-back]')
  const list = at<HTMLAnchorElement>('a[data-back]')
  if (now) now.click()
  else if (list && document.referrer !== '' && history.length > 1 && new URL(document.referrer).pathname === list.pathname) history.back()
  else list?.click()
}
