// A row opened beside its list: the list stays where it is, the keys go on moving in it,
// and what is shown follows.

import { at, closest } from './dom'
import { ask } from './htmx'

let shown = ''

function panel(): HTMLElement {
  const there = at('#peek')
  if (there) return there
  const box = document.createElement('aside')
  box.id = 'peek'
  box.className = 'peek'
  box.hidden = true
  box.tabIndex = -1
  document.body.append(box)
  return box
}

export const peeking = () => shown !== ''

function addressOf(link: HTMLAnchorElement): string {
  const address = new URL(link.href)
  address.searchParams.set('peek', '1')
  return address.pathname + address.search
}

let asked = 0

async function fill(address: string, swap: string) {
  const mine = ++asked
  const status = await ask('GET', address, { target: panel(), swap })
  if (mine !== asked) return
  if (status !== 200) closePeek()
  else panel().setAttribute('aria-label', panel().querySelector('.peek-title')?.textContent?.trim() ?? '')
}

/** Shows a row beside the list. */
export function openPeek(row: HTMLElement): boolean {
  const link = row.querySelector<HTMLAnchorElement>('a[data-open]')
  return link !== null && peekAt(link)
}

/** Shows beside the page what a link leads to. */
export function peekAt(link: HTMLAnchorElement): boolean {
  const address = addressOf(link)
  if (address === shown) return true
  shown = address
  panel().hidden = false
  document.body.classList.add('peeks')
  void fill(address, 'innerHTML')
  return true
}

export function closePeek(): boolean {
  if (shown === '') return false
  shown = ''
  asked++
  panel().hidden = true
  panel().replaceChildren()
  document.body.classList.remove('peeks')
  at<HTMLElement>('tr[data-row].cur [data-open], .ib.cur a.t')?.focus({ preventScroll: true })
  return true
}

document.addEventListener('refreshed', () => { if (shown) void fill(shown, 'innerMorph') })

document.addEventListener('click', (e) => {
  if (closest(e.target, '[data-act="peek-close"]')) closePeek()
})
