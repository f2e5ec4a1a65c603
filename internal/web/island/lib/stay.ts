// Links that show another face of the page without leaving one's place on it: a group that
// folds, a column that moves. And popovers that are filled when they are opened.

import { at, closest } from './dom'
import { ask } from './htmx'
import { refresh } from './refresh'

let shown = location.pathname + location.search

/** Makes the page what another address of it says. */
function show(address: string): Promise<void> {
  shown = address
  const held = at('.shell [data-refresh]')
  if (held) held.dataset.refresh = address
  return refresh()
}

/** Goes to an address of the page that is open; back leads to where it was. */
export function stay(address: string): Promise<void> {
  history.pushState(history.state, '', address)
  return show(address)
}

addEventListener('popstate', () => {
  const address = location.pathname + location.search
  if (address !== shown) void show(address)
})

const plain = (e: MouseEvent) => e.button === 0 && !e.ctrlKey && !e.metaKey && !e.altKey && !e.defaultPrevented

/** What stood in a popover before it was filled. */
const before = new WeakMap<HTMLElement, Node[]>()

async function fill(into: HTMLElement, address: string) {
  if (!before.has(into)) before.set(into, [...into.childNodes].map((n) => n.cloneNode(true)))
  await ask('GET', address, { target: into, swap: 'innerHTML' })
  into.querySelector<HTMLElement>('[autofocus], input:not([type=hidden]), select, a, button')?.focus()
}

document.addEventListener('toggle', (e) => {
  const pop = e.target
  if (!(pop instanceof HTMLElement) || (e as ToggleEvent).newState !== 'closed') return
  for (const into of [pop, ...pop.querySelectorAll<HTMLElement>('[data-fill]')]) {
    const was = before.get(into)
    if (was) into.replaceChildren(...was)
    before.delete(into)
  }
}, true)

document.addEventListener('click', (e) => {
  if (!plain(e)) return
  const link = closest(e.target, 'a[data-stay], a[data-pop], a[data-fills], a[data-also]') as HTMLAnchorElement | null
  if (!link) return
  const { pop, fills, also } = link.dataset
  if (also !== undefined && e.shiftKey) {
    e.preventDefault()
    void stay(also)
  } else if (e.shiftKey) {
    return
  } else if (link.hasAttribute('data-stay')) {
    e.preventDefault()
    void stay(link.getAttribute('href') ?? '')
  } else if (pop) {
    const on = document.getElementById(pop)
    if (!on) return
    e.preventDefault()
    if (on.matches(':popover-open')) on.hidePopover()
    else void fill(on, link.href).then(() => { on.showPopover({ source: link }); on.querySelector<HTMLElement>('[autofocus], input:not([type=hidden])')?.focus() })
  } else if (fills) {
    const on = document.getElementById(fills)
    if (!on) return
    e.preventDefault()
    void fill(on, link.href)
  }
})

// Ctrl or Command with B turns a list into a board, and a board into a list.
document.addEventListener('keydown', (e) => {
  if (e.key.toLowerCase() !== 'b' || !(e.ctrlKey || e.metaKey) || e.shiftKey || e.altKey || at('dialog[open]')) return
  const other = at<HTMLAnchorElement>('.bar-tools .seg a:not([aria-current])')
  if (!other) return
  e.preventDefault()
  other.click()
})
