// Values are edited where they stand: in the cells of a list, among the properties of a
// page, in a title. The server answers with the form of one value; Enter saves, Escape
// keeps what stood there, Tab goes on to the next. What is refused stays in the cell, with
// the reason.

import { at, closest } from './dom'
import { ask } from './htmx'
import { openPicker, type Target } from './pick'
import { post } from './post'
import { refresh } from './refresh'

const form = () => at<HTMLFormElement>('#cell-edit')
const input = () => form()?.querySelector<HTMLInputElement>('input:not([type="hidden"])') ?? null

/** The element that stands for the entity of a cell. */
function owner(cell: Element): HTMLElement | null {
  return cell.closest<HTMLElement>('[data-id]') ?? at('[data-entity]')
}

/** Where values of a cell's entity are written. */
function targetOf(cell: Element): Target | null {
  const of = owner(cell)
  const at_ = of?.dataset.set ? of : at('#bulk-of')
  if (!of || !at_) return null
  const id = of.dataset.id!
  const name = of.dataset.name ?? of.querySelector('.key')?.textContent?.trim() ?? ''
  return { set: at_.dataset.set!, pick: at_.dataset.pick!, ids: [id], which: [['which', id]], name }
}

function fieldAddress(cell: HTMLElement): string | null {
  const target = targetOf(cell)
  if (!target) return null
  const address = new URL(target.set, location.href)
  address.pathname = address.pathname.replace(/set$/, `${target.ids[0]}/field/${encodeURIComponent(cell.dataset.col!)}`)
  return address.pathname + address.search
}

function label(cell: HTMLElement): string {
  if (cell.tagName === 'DD') return cell.previousElementSibling?.textContent?.trim() ?? ''
  const head = cell.closest('table')?.querySelector(`thead th[data-col="${CSS.escape(cell.dataset.col!)}"]`)
  return head?.textContent?.trim() ?? ''
}

/** Edits a cell in the way its column says. */
export async function edit(cell: HTMLElement): Promise<void> {
  const target = targetOf(cell)
  if (!target) return
  switch (cell.dataset.edit) {
    case 'pick':
    case 'many':
      await openPicker(target, cell.dataset.col!, label(cell), cell.dataset.edit === 'many', cell)
      return
    case 'flag': {
      const body = new URLSearchParams(target.which)
      body.set(cell.dataset.col!, cell.textContent?.trim() === 'yes' ? 'no' : 'yes')
      await post(target.set, body)
      return
    }
  }
  if (cell.classList.contains('edit')) return
  drop(form())
  const address = fieldAddress(cell)!
  cell.dataset.hold = ''
  cell.classList.add('edit')
  const place = document.createElement('span')
  place.id = 'cell-edit'
  cell.append(place)
  const status = await ask('GET', address, { target: place, swap: 'outerHTML' })
  if (status !== 200 || !form()) {
    drop(at('#cell-edit'))
    return
  }
  focus()
}

function focus() {
  const on = input()
  on?.focus()
  if (on && on.type !== 'date') on.select()
}

/** Takes an editor out of its cell. */
function drop(editor: Element | null) {
  if (!editor) return
  const cell = editor.closest<HTMLElement>('.edit')
  editor.remove()
  if (!cell) return
  cell.classList.remove('edit')
  delete cell.dataset.hold
}

function revert() {
  const row = form()?.closest('tr')
  const conflict = form()?.querySelector('[data-act="revert"]')
  drop(form())
  row?.querySelector<HTMLElement>('[data-open]')?.focus({ preventScroll: true })
  if (conflict) void refresh() // what the other one wrote
}

/** Saves what is typed. Resolves to whether nothing is left to do in the cell. */
async function save(): Promise<boolean> {
  const editor = form()
  const on = input()
  if (!editor || !on || editor.dataset.sending !== undefined) return false
  if (on.value === on.defaultValue && !on.hasAttribute('aria-invalid')) {
    revert()
    return true
  }
  editor.dataset.sending = ''
  const body = new URLSearchParams()
  new FormData(editor).forEach((value, name) => { if (typeof value === 'string') body.append(name, value) })
  const status = await ask('POST', editor.action, { target: '#toasts', swap: 'beforeend', body })
  if (status >= 200 && status < 300) {
    // it stays in sight until the new value takes its place
    const cell = editor.closest<HTMLElement>('.edit')
    const row = editor.closest('tr')
    editor.removeAttribute('id')
    if (cell) delete cell.dataset.hold
    const gone = () => drop(editor)
    document.addEventListener('refreshed', gone, { once: true })
    if (editor.contains(document.activeElement)) row?.querySelector<HTMLElement>('[data-open]')?.focus({ preventScroll: true })
    void refresh()
    return true
  }
  const now = form()
  if (now) delete now.dataset.sending
  focus()
  return false
}

/** The editable cells of the entity that a cell belongs to, in order. */
function cells(of: Element): HTMLElement[] {
  const all = owner(of)?.querySelectorAll<HTMLElement>('[data-edit]') ?? []
  return [...all].filter((c) => c.offsetParent !== null || c.getClientRects().length > 0)
}

/** Edits the first cell of what the keys act on; false if there is none. */
export function editFirst(row: HTMLElement | null): boolean {
  const first = row ? cells(row)[0] : at<HTMLElement>('#page-title[data-edit]') ?? at<HTMLElement>('[data-entity] [data-edit]')
  if (!first) return false
  void edit(first)
  return true
}

/** Opens the property that a letter stands for, on the page of an entity. */
export function editByLetter(letter: string): boolean {
  const cell = at<HTMLElement>(`[data-entity] [data-letter="${CSS.escape(letter)}"]`)
  if (!cell) return false
  void edit(cell)
  return true
}

async function next(back: boolean) {
  const cell = form()?.closest<HTMLElement>('.edit')
  if (!cell) return
  const of = owner(cell)
  const column = cell.dataset.col
  if (!await save() || !of) return
  const all = cells(of.isConnected ? of : cell)
  const i = all.findIndex((c) => c.dataset.col === column)
  const to = all[i + (back ? -1 : 1)]
  if (to) await edit(to)
}

document.addEventListener('keydown', (e) => {
  if (!closest(e.target, '#cell-edit') || e.isComposing) return
  e.stopPropagation()
  if (e.key === 'Escape') {
    e.preventDefault()
    revert()
  } else if (e.key === 'Tab' && e.target === input()) {
    e.preventDefault()
    void next(e.shiftKey)
  }
}, true)

document.addEventListener('submit', (e) => {
  if (e.target !== form()) return
  e.preventDefault()
  void save()
})

document.addEventListener('input', (e) => {
  const editor = closest(e.target, '#cell-edit')
  const on = input()
  if (!editor || !on) return
  const change = editor.querySelector<HTMLElement>('[data-change]')
  const now = editor.querySelector('[data-new]')
  if (!change || !now) return
  change.hidden = on.value === on.defaultValue
  now.textContent = on.value === '' ? 'nothing' : on.value
})

// Somewhere else is as good as Enter.
document.addEventListener('pointerdown', (e) => {
  const editor = form()
  if (editor && e.target instanceof Node && !editor.contains(e.target) && !closest(e.target, '.toasts')) void save()
})

const narrow = matchMedia('(max-width: 760px)')

document.addEventListener('click', (e) => {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || e.button !== 0) return
  if (closest(e.target, '[data-act="revert"]')) {
    revert()
    return
  }
  const cell = closest(e.target, '[data-edit]')
  if (!cell || cell.classList.contains('edit')) return
  const pencil = closest(e.target, '.dd-edit')
  if (pencil) e.preventDefault()
  else if (closest(e.target, 'a, button, input, label, summary')) return
  else if (cell.tagName === 'TD' && (narrow.matches || cell.classList.contains('ttl'))) return // a row opens
  else if (getSelection()?.toString()) return
  void edit(cell)
})
