// A board: cards are dragged from column to column, carried there by Alt with the arrows,
// or sent by their menu. A drop writes the field that the board is by, as any edit does.

import { at, closest } from './dom'
import { post } from './post'
import { refresh } from './refresh'

const boardOf = () => at('.board[data-write]')
const columns = () => [...document.querySelectorAll<HTMLElement>('.board [data-column]')]
const columnOf = (card: Element) => card.closest<HTMLElement>('[data-column]')
const cards = (column: Element | undefined) => [...(column?.querySelectorAll<HTMLElement>('.bcard[data-id]') ?? [])]

/** What a drop would do to the column, in words. */
function outcome(to: HTMLElement, from: HTMLElement | null): string {
  if (to === from) return `Stays in ${to.dataset.title}`
  const n = Number(to.dataset.count) + 1
  const limit = Number(to.dataset.limit)
  const words = `${to.dataset.title} becomes ${n}`
  if (limit === 0) return words
  return `${words} of ${limit}${n > limit ? ', over its limit' : ''}`
}

/** Puts a card into a column and says so to the server. */
async function drop(card: HTMLElement, to: HTMLElement, from: HTMLElement) {
  const board = boardOf()
  if (!board || to === from) return
  to.querySelector('ul')?.prepend(card)
  to.querySelector('.bvoid')?.remove()
  const body = new URLSearchParams({ which: card.dataset.id ?? '', column: board.dataset.board ?? '', value: to.dataset.value ?? '', was: from.dataset.value ?? '' })
  if (!await post(board.dataset.write ?? '', body)) void refresh() // to where it was
}

// Dragging. A finger has to rest on the card first, because it also scrolls.

const rest = 350
const slack = 6
let held: (() => void) | null = null // ends the drag that goes on
let dragged = false

function lift(card: HTMLElement, x: number, y: number) {
  const board = boardOf()
  const from = columnOf(card)
  if (!board || !from) return
  const r = card.getBoundingClientRect()
  const ghost = card.cloneNode(true) as HTMLElement
  ghost.removeAttribute('id')
  ghost.setAttribute('aria-hidden', 'true')
  ghost.inert = true
  ghost.classList.add('lift')
  const note = document.createElement('p')
  note.className = 'drop-note'
  ghost.append(note)
  ghost.style.setProperty('width', `${r.width}px`)
  document.body.append(ghost)
  card.classList.add('hole')
  let to: HTMLElement | null = from
  let pace = 0
  let turned = 0
  const go = (px: number, py: number) => {
    ghost.style.setProperty('left', `${px - (x - r.left)}px`)
    ghost.style.setProperty('top', `${py - (y - r.top)}px`)
    to = columns().find((c) => { const b = c.getBoundingClientRect(); return px >= b.left && px < b.right }) ?? to
    columns().forEach((c) => c.classList.toggle('target', c === to && c !== from))
    note.textContent = to ? outcome(to, from) : ''
    const b = board.getBoundingClientRect()
    pace = px < b.left + 40 ? -1 : px > b.right - 40 ? 1 : 0
  }
  // the page is made new while the card is in the hand: its place is still marked
  const again = () => {
    card.classList.add('hole')
    columns().forEach((c) => c.classList.toggle('target', c === to && c !== from))
  }
  document.addEventListener('refreshed', again)
  const snaps = () => getComputedStyle(board).scrollSnapType !== 'none'
  const scroll = setInterval(() => {
    if (pace === 0) return
    if (!snaps()) board.scrollBy(pace * 10, 0)
    else if (Date.now() - turned > 700) { // a column at a time where one fills the screen
      turned = Date.now()
      board.scrollBy({ left: pace * r.width, behavior: 'smooth' })
    }
  }, 16)
  const move = (e: PointerEvent) => go(e.clientX, e.clientY)
  const finish = (put: boolean) => {
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', up)
    removeEventListener('pointercancel', cancel)
    document.removeEventListener('refreshed', again)
    clearInterval(scroll)
    ghost.remove()
    card.classList.remove('hole')
    columns().forEach((c) => c.classList.remove('target'))
    held = null
    dragged = true
    setTimeout(() => { dragged = false })
    if (put && to) void drop(card, to, from)
  }
  const up = () => finish(true)
  const cancel = () => finish(false)
  held = cancel
  addEventListener('pointermove', move)
  addEventListener('pointerup', up)
  addEventListener('pointercancel', cancel)
  go(x, y)
}

document.addEventListener('pointerdown', (e) => {
  const card = closest(e.target, '.board[data-write] .bcard[data-id]:not([data-fixed])')
  if (!card || e.button !== 0 || closest(e.target, '[data-carry], .dots')) return
  const touch = e.pointerType === 'touch'
  const [x, y] = [e.clientX, e.clientY]
  const away = () => {
    clearTimeout(timer)
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', away)
    removeEventListener('pointercancel', away)
  }
  const begin = () => { away(); lift(card, x, y) }
  const move = (m: PointerEvent) => {
    if (Math.hypot(m.clientX - x, m.clientY - y) < slack) return
    if (touch) away() // it scrolls
    else begin()
  }
  const timer = touch ? setTimeout(begin, rest) : 0
  addEventListener('pointermove', move)
  addEventListener('pointerup', away)
  addEventListener('pointercancel', away)
})

document.addEventListener('touchmove', (e) => { if (held) e.preventDefault() }, { passive: false })
document.addEventListener('contextmenu', (e) => { if (held) e.preventDefault() })
document.addEventListener('dragstart', (e) => { if (closest(e.target, '.board')) e.preventDefault() })
document.addEventListener('click', (e) => {
  if (dragged && closest(e.target, '.board')) { e.preventDefault(); e.stopPropagation() }
}, true)

// Keys: arrows move, Alt with them carries the card and puts it down when Alt is let go.

let carrying: { card: HTMLElement, from: HTMLElement } | null = null

function focus(card: HTMLElement | undefined) {
  card?.querySelector<HTMLElement>('[data-open]')?.focus()
  card?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
}

function say(words: string) {
  let live = at('#carried')
  if (!live) {
    live = document.createElement('p')
    live.id = 'carried'
    live.className = 'sr'
    live.setAttribute('role', 'status')
    document.body.append(live)
  }
  live.textContent = words
}

function carry(card: HTMLElement, by: number) {
  const from = carrying?.from ?? columnOf(card)
  const now = columnOf(card)
  if (!from || !now) return
  const to = columns()[columns().indexOf(now) + by]
  if (!to) return
  carrying = { card, from }
  card.classList.add('carried')
  to.querySelector('ul')?.prepend(card)
  columns().forEach((c) => c.classList.toggle('target', c === to && c !== from))
  focus(card)
  say(outcome(to, from))
}

document.addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && (held || carrying)) {
    e.preventDefault()
    held?.()
    if (carrying) {
      carrying = null
      columns().forEach((c) => c.classList.remove('target'))
      void refresh()
    }
    return
  }
  const card = closest(e.target, '.board .bcard[data-id]')
  const first = at('.board .bcard[data-id]')
  const key = { j: 'ArrowDown', k: 'ArrowUp' }[e.key] ?? e.key
  if (!first || e.ctrlKey || e.metaKey || e.shiftKey || !/^Arrow(Up|Down|Left|Right)$/.test(key)) return
  if (closest(e.target, 'input, select, textarea, [contenteditable], dialog, [popover]')) return
  if (!card) {
    if (closest(e.target, '.bar-tools, .tabs, .side, .top')) return
    e.preventDefault()
    focus(first)
    return
  }
  e.preventDefault()
  const column = columnOf(card)!
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[key]
  if (e.altKey) {
    if (sideways && boardOf() && card.dataset.fixed === undefined) carry(card, sideways)
    return
  }
  const i = cards(column).indexOf(card)
  if (!sideways) {
    focus(cards(column)[i + (key === 'ArrowDown' ? 1 : -1)])
    return
  }
  const all = columns()
  for (let c = all.indexOf(column) + sideways; all[c]; c += sideways) {
    const there = cards(all[c])
    if (there.length > 0) {
      focus(there[Math.min(i, there.length - 1)])
      return
    }
  }
})

document.addEventListener('keyup', (e) => {
  if (e.key !== 'Alt' || !carrying) return
  const { card, from } = carrying
  carrying = null
  card.classList.remove('carried')
  columns().forEach((c) => c.classList.remove('target'))
  const to = columnOf(card)
  if (to) void drop(card, to, from)
})

// The menu of a card offers the columns.

document.addEventListener('click', (e) => {
  const link = closest(e.target, '.board [data-carry]')
  const card = link?.closest<HTMLElement>('.bcard')
  const from = card && columnOf(card)
  if (!link || !card || !from || e.ctrlKey || e.metaKey || e.shiftKey) return
  e.preventDefault()
  at('#carry-pop')?.remove()
  const pop = document.createElement('div')
  pop.id = 'carry-pop'
  pop.className = 'menu-pop'
  pop.popover = 'auto'
  for (const to of columns()) {
    const one = document.createElement('button')
    one.type = 'button'
    one.className = 'op'
    one.textContent = to.dataset.title ?? ''
    if (to === from) one.setAttribute('aria-current', 'true')
    one.addEventListener('click', () => {
      pop.hidePopover()
      void drop(card, to, from)
    })
    pop.append(one)
  }
  pop.addEventListener('toggle', (t) => { if ((t as ToggleEvent).newState === 'closed') pop.remove() })
  document.body.append(pop)
  pop.showPopover({ source: link })
  pop.querySelector('button')?.focus()
})
