// Keys and selection of a table: J K or arrows move, X selects, Enter opens, Space
// shows beside, Escape clears the selection.

import { at, closest } from './dom'

const rows = () => [...document.querySelectorAll<HTMLTableRowElement>('table[data-grid] tr[data-row]')]

let last: HTMLInputElement | null = null // where Shift extends from

function current(): HTMLTableRowElement | null {
  return at<HTMLTableRowElement>('tr[data-row].cur')
}

function go(to: HTMLTableRowElement | undefined) {
  if (!to) return
  current()?.classList.remove('cur')
  to.classList.add('cur')
  to.scrollIntoView({ block: 'nearest' })
  to.querySelector<HTMLElement>('[data-open]')?.focus({ preventScroll: true })
}

function box(row: HTMLTableRowElement | null | undefined): HTMLInputElement | null {
  return row?.querySelector<HTMLInputElement>('input[name="id"]') ?? null
}

function check(input: HTMLInputElement | null, on: boolean) {
  if (!input || input.checked === on) return
  input.checked = on
  input.dispatchEvent(new Event('change', { bubbles: true }))
}

/** Keeps "select all" and whoever listens in step with the boxes. */
export function syncSelection(target: EventTarget | null) {
  const input = closest(target, 'table[data-grid] input[type="checkbox"]') as HTMLInputElement | null
  if (!input) return
  const table = input.closest('table')!
  const boxes = [...table.querySelectorAll<HTMLInputElement>('input[name="id"]')]
  if (input.dataset.act === 'select-all') boxes.forEach((b) => { b.checked = input.checked })
  else last = input
  const chosen = boxes.filter((b) => b.checked).length
  const all = table.querySelector<HTMLInputElement>('input[data-act="select-all"]')
  if (all) {
    all.checked = chosen > 0 && chosen === boxes.length
    all.indeterminate = chosen > 0 && chosen < boxes.length
  }
  const form = input.form ?? boxes[0]?.form
  if (form) {
    form.hidden = chosen === 0
    form.querySelectorAll<HTMLElement>('[data-chosen]').forEach((n) => { n.textContent = `${chosen} selected` })
  }
}

/** Does what a key means in a table; false if it means nothing there. */
export function gridKey(e: KeyboardEvent): boolean {
  const all = rows()
  if (all.length === 0) return false
  const row = current() ?? (closest(e.target, 'tr[data-row]') as HTMLTableRowElement | null)
  const i = row ? all.indexOf(row) : -1
  const move = (by: number) => {
    const to = all[Math.max(0, Math.min(all.length - 1, i + by))]
    if (e.shiftKey && row) { check(box(row), true); check(box(to), true) }
    go(to)
    return true
  }
  switch (e.key) {
    case 'j': case 'J': case 'ArrowDown': return move(1)
    case 'k': case 'K': case 'ArrowUp': return move(i < 0 ? 1 : -1)
    case 'x': case 'X': check(box(row), !box(row)?.checked); return row !== null
    case 'Enter': {
      if (!row || closest(e.target, 'a, button, summary')) return false
      row.querySelector<HTMLElement>('[data-open]')?.click()
      return true
    }
    case ' ': {
      if (!row || closest(e.target, 'button, input, summary')) return false
      const peek = row.querySelector<HTMLElement>('[data-peek]')
      peek?.click()
      return peek !== null
    }
    case 'Escape': {
      const chosen = all.map(box).filter((b) => b?.checked)
      chosen.forEach((b) => check(b, false))
      return chosen.length > 0
    }
  }
  return false
}

document.addEventListener('click', (e) => {
  const input = closest(e.target, 'table[data-grid] input[name="id"]') as HTMLInputElement | null
  if (!input || !e.shiftKey || !last) return
  const boxes = rows().map(box)
  const [from, to] = [boxes.indexOf(last), boxes.indexOf(input)].sort((a, b) => a - b)
  boxes.slice(from, to + 1).forEach((b) => check(b, input.checked))
})
