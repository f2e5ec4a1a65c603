// What a link leads to, shown when one points at it or comes to it by keys: after a moment,
// for as long as the pointer is on the link or on the card, until Escape.

import { closest } from './dom'
import { ask } from './htmx'

const after = 300
const grace = 200

let card: HTMLElement | null = null
let of: HTMLElement | null = null
let soon = 0
let late = 0

function hide() {
  clearTimeout(soon)
  of?.removeAttribute('aria-describedby')
  if (of?.dataset.title) { of.title = of.dataset.title; delete of.dataset.title }
  card?.remove()
  card = of = null
}

async function show(link: HTMLElement) {
  hide()
  of = link
  const mine = document.createElement('div')
  mine.className = 'hover-card'
  mine.id = 'hover-card'
  mine.setAttribute('role', 'tooltip')
  mine.popover = 'manual'
  ;(link.closest('dialog, main') ?? document.body).append(mine)
  card = mine
  const status = await ask('GET', link.dataset.card ?? '', { target: mine, swap: 'innerHTML' })
  if (card !== mine) return
  if (status !== 200 || !link.isConnected) { hide(); return }
  if (link.title) { link.dataset.title = link.title; link.removeAttribute('title') }
  mine.showPopover()
  const on = link.getBoundingClientRect()
  const room = mine.getBoundingClientRect()
  mine.style.left = `${Math.max(8, Math.min(on.left, innerWidth - room.width - 8))}px`
  mine.style.top = on.bottom + room.height + 12 > innerHeight ? `${Math.max(8, on.top - room.height - 6)}px` : `${on.bottom + 6}px`
  link.setAttribute('aria-describedby', mine.id)
}

function meet(target: EventTarget | null) {
  const link = closest(target, 'a[data-card]')
  if (link && link === of) { clearTimeout(late); return }
  if (!link) return
  clearTimeout(soon)
  clearTimeout(late)
  soon = setTimeout(() => { void show(link) }, after)
}

function leave() {
  clearTimeout(soon)
  clearTimeout(late)
  late = setTimeout(hide, grace)
}

/** Shows cards of the links that have one. */
export function watchCards() {
  document.addEventListener('pointerover', (e) => {
    if (e.pointerType === 'touch') return
    if (card?.contains(e.target as Node)) clearTimeout(late)
    else if (closest(e.target, 'a[data-card]')) meet(e.target)
    else if (of || soon) leave()
  })
  document.addEventListener('focusin', (e) => {
    const link = closest(e.target, 'a[data-card]')
    if (link?.matches(':focus-visible')) meet(link)
    else if (of && !card?.contains(e.target as Node)) leave()
  })
  document.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || !card) return
    hide()
    e.preventDefault()
    e.stopPropagation()
  }, true)
  document.addEventListener('scroll', () => { if (card) hide() }, { passive: true, capture: true })
  document.addEventListener('refreshed', () => { if (of && !of.isConnected) hide() })
}
