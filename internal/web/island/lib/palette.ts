// The search in a dialog. The server answers what is typed with a list of links;
// the arrows choose one and Enter opens it.

import { at } from './dom'

/** Opens the palette; false if the page has none. */
export function openPalette(): boolean {
  const d = at<HTMLDialogElement>('#palette')
  if (!d) return false
  if (!d.open) d.showModal()
  d.querySelector('input')?.select()
  return true
}

/** Does what a key means in the palette; false if it means nothing there. */
export function paletteKey(e: KeyboardEvent, d: HTMLDialogElement): boolean {
  const options = [...d.querySelectorAll<HTMLAnchorElement>('[role="option"]')]
  const i = options.findIndex((o) => o.getAttribute('aria-selected') === 'true')
  const choose = (n: number) => {
    const to = options[(n + options.length) % options.length]
    if (!to) return true
    options.forEach((o) => o.setAttribute('aria-selected', String(o === to)))
    d.querySelector('input')?.setAttribute('aria-activedescendant', to.id)
    to.scrollIntoView({ block: 'nearest' })
    return true
  }
  switch (e.key) {
    case 'ArrowDown': return choose(i + 1)
    case 'ArrowUp': return choose(i - 1)
    case 'Enter': {
      const to = options[i]
      if (!to) return false // nothing found yet: the form opens the page of the search
      to.click()
      return true
    }
  }
  return false
}
