// A page is made new in place: what the server now says of its address is morphed into
// it. Focus, caret, scroll, what is being typed, chosen and held open stays; what is held
// open, the configuration of htmx says.

import { at } from './dom'
import { ask } from './htmx'

/** What is made new: all of a page in a workspace, or of one beside. */
const frame = '.shell, .plain'

let running: Promise<void> | null = null
let again = false

/** The address that shows what the page shows now; a windowed list says which window. */
function address(): string {
  return at(`:is(${frame}) [data-refresh]`)?.dataset.refresh ?? location.pathname + location.search
}

async function once() {
  const on = at(frame)
  if (!on) return
  const status = await ask('GET', address(), { target: on, swap: 'outerMorph', select: frame })
  document.dispatchEvent(new CustomEvent('refreshed'))
  if ((status === 401 || status === 403 || status === 404) && !at(typing)) location.reload() // says why, unless something is being typed
}

/** Makes the page new; calls while one is on its way end in one more. */
export function refresh(): Promise<void> {
  if (!at(frame)) return Promise.resolve()
  if (running) {
    again = true
    return running
  }
  running = once().catch(() => {}).finally(() => {
    running = null
    if (again) {
      again = false
      void refresh()
    }
  })
  return running
}

/** What is being typed, wherever it stands. */
const typing = '[data-hold]:has(input:not([type="hidden"]), textarea, select, [contenteditable])'

// A row that is gone keeps its place as long as somebody types in it: the morph finds its
// like in the answer.
document.addEventListener('htmx:before:swap', (e) => {
  const { tasks } = (e as CustomEvent<{ tasks: { fragment: DocumentFragment, target: Element }[] }>).detail
  for (const { fragment, target } of tasks) {
    if (!(target instanceof Element) || !target.matches('.shell')) continue
    for (const held of target.querySelectorAll(typing)) {
      const item = held.closest('[id]')
      if (!item || fragment.querySelector(`#${CSS.escape(item.id)}`)) continue
      item.classList.add('is-gone')
      const copy = item.cloneNode(true) as Element
      const before = item.previousElementSibling?.id
      const neighbour = before ? fragment.querySelector(`#${CSS.escape(before)}`) : null
      const home = item.parentElement?.closest('[id]')?.id
      if (neighbour) neighbour.after(copy)
      else (fragment.querySelector(item.tagName === 'TR' ? 'table tbody' : `#${CSS.escape(home ?? 'main')}`) ?? fragment.querySelector('#main'))?.prepend(copy)
    }
  }
})

document.addEventListener('refresh', () => { void refresh() })
