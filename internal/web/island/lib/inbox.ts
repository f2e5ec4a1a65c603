// The inbox by keys: J K or arrows go from line to line, E done, H snooze, U unread, X
// selects, Enter opens the thing. What is done leaves its place to the line below, so that
// one goes on where one was.

import { at, closest } from './dom'
import { closePeek, peekAt, peeking } from './peek'
import { post } from './post'
import { refresh } from './refresh'

const box = () => at<HTMLElement>('[data-inbox]')
const lines = () => [...document.querySelectorAll<HTMLElement>('[data-line]')]
const current = () => at<HTMLElement>('.ib.cur')
const link = (line: HTMLElement | null | undefined) => line?.querySelector<HTMLAnchorElement>('a.t') ?? null
const boxes = () => [...document.querySelectorAll<HTMLInputElement>('.pickbox input')]
const wide = () => matchMedia('(min-width: 761px)').matches

/** Shows a line beside the list and marks it as read. The address names it, so that whoever comes back finds it. */
async function choose(line: HTMLElement | undefined) {
  const to = link(line)
  const where = box()?.dataset.inbox
  if (!line || !to || !where) return
  current()?.classList.remove('cur')
  line.classList.add('cur')
  line.scrollIntoView({ block: 'nearest' })
  to.focus({ preventScroll: true })
  history.replaceState(history.state, '', to.href)
  if (!line.classList.contains('new')) return refresh()
  await post(`${where.split('?')[0]}/read${new URL(where, location.href).search}`, new URLSearchParams({ entity: line.dataset.line ?? '' }))
}

/** The line that takes the place of one that leaves. */
function after(gone: HTMLElement[]): HTMLElement | undefined {
  const all = lines()
  const last = Math.max(...gone.map((l) => all.indexOf(l)))
  const stays = (l: HTMLElement) => !gone.includes(l)
  return all.slice(last + 1).find(stays) ?? all.slice(0, last).reverse().find(stays)
}

/** Lets the address name what is shown once the lines have left. */
function leave(gone: HTMLElement[]) {
  const next = after(gone)
  const here = new URL(location.href)
  here.searchParams.delete('open')
  history.replaceState(history.state, '', link(next)?.href ?? here.href)
}

const chosen = () => boxes().filter((b) => b.checked).map((b) => closest(b, '[data-line]')!)

function tell() {
  const form = at<HTMLFormElement>('form#inbox-chosen')
  const n = chosen().length
  if (!form) return
  form.hidden = n === 0
  form.querySelectorAll('[data-chosen]').forEach((e) => { e.textContent = `${n} selected` })
}

function press(what: string) {
  const button = at<HTMLButtonElement>(`#read [data-do="${what}"]`)
  button?.click()
  return button !== null
}

function key(e: KeyboardEvent): boolean {
  const all = lines()
  const i = all.findIndex((l) => l.classList.contains('cur'))
  const step = (by: number) => {
    const to = all[Math.max(0, Math.min(all.length - 1, i + by))]
    if (e.shiftKey) {
      for (const l of [all[i], to]) { const b = l?.querySelector<HTMLInputElement>('.pickbox input'); if (b) b.checked = true }
      tell()
    }
    if (to && to !== all[i]) void choose(to)
    return true
  }
  switch (e.key.length === 1 ? e.key.toLowerCase() : e.key) {
    case 'j': case 'ArrowDown': return step(1)
    case 'k': case 'ArrowUp': return step(-1)
    case 'e':
      if (chosen().length === 0) return press('done')
      at<HTMLFormElement>('form#inbox-chosen')?.requestSubmit()
      return true
    case 'h': return press('snooze')
    case 'u': return press('unread')
    case 'x': {
      const b = all[i]?.querySelector<HTMLInputElement>('.pickbox input')
      if (b) { b.checked = !b.checked; tell() }
      return b !== undefined && b !== null
    }
    case 'Enter': {
      if (closest(e.target, 'button, summary, a:not(.t)')) return false
      const open = at<HTMLAnchorElement>('#read [data-opens]')
      open?.click()
      return open !== null
    }
    case ' ': {
      if (closest(e.target, 'button, summary, input')) return false
      const open = at<HTMLAnchorElement>('#read [data-opens]')
      return peeking() ? closePeek() : open !== null && peekAt(open)
    }
    case 'Escape': {
      if (closePeek()) return true
      const on = boxes().filter((b) => b.checked)
      on.forEach((b) => { b.checked = false })
      tell()
      return on.length > 0
    }
  }
  return false
}

const field = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable="true"]'

document.addEventListener('keydown', (e) => {
  if (!box() || e.defaultPrevented || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return
  if (closest(e.target, field) || at('dialog[open], [popover]:popover-open')) return
  if (key(e)) e.preventDefault()
}, true)

document.addEventListener('click', (e) => {
  const to = closest(e.target, '[data-line] a.t')
  if (!to || !wide() || e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return
  e.preventDefault()
  void choose(closest(to, '[data-line]') ?? undefined)
})

document.addEventListener('change', (e) => { if (closest(e.target, '.pickbox')) tell() })

// What makes lines leave: done, snoozed, brought back.
document.addEventListener('submit', (e) => {
  const form = e.target
  const on = box()
  if (!on || !(form instanceof HTMLFormElement) || !closest(form, '[data-inbox]')) return
  const to = (e.submitter as HTMLButtonElement | null)?.getAttribute('formaction') ?? form.getAttribute('action') ?? ''
  if (!/\/(done|snooze|return)(\?|$)/.test(to)) return
  form.querySelectorAll<HTMLElement>('[popover]:popover-open').forEach((p) => { p.hidePopover() })
  closest(form, '[popover]')?.hidePopover()
  const gone = form.id === 'inbox-chosen' ? chosen() : [current()].filter((l): l is HTMLElement => l !== null)
  leave(gone)
  if (form.id === 'inbox-chosen') boxes().forEach((b) => { b.checked = false })
}, true)

document.addEventListener('refreshed', () => {
  if (!box()) return
  tell()
  const open = at<HTMLAnchorElement>('#read [data-opens]')
  if (peeking() && open) peekAt(open) // it follows the line
  if (document.activeElement === document.body) link(current())?.focus({ preventScroll: true })
})
