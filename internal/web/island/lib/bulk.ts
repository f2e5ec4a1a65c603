// What is selected in a list, and the bar that acts on it. The selection is of
// identifiers, not of rows: it stays when rows are made new, are out of the window or
// move to another group. All in the filter is a selection by the filter itself.

import { at, closest } from './dom'
import { openPicker, type Target } from './pick'
import { post } from './post'

const chosen = new Set<string>()
let all = false // everything in the filter
let last = '' // where Shift extends from
let picking = false // a tap selects: what a finger has instead of the boxes

const facts = () => at('#bulk-of')
const form = () => at<HTMLFormElement>('form.bulk')
/** Rows that their reader may edit: the others are neither selected nor acted on. */
const loose = () => rows().filter((r) => !isFixed(r))
const isFixed = (row: HTMLElement) => row.dataset.fixed !== undefined
export const rows = () => [...document.querySelectorAll<HTMLTableRowElement>('table[data-grid] tr[data-row]')]

/** The current row, which keys act on. */
export const current = () => at<HTMLTableRowElement>('table[data-grid] tr.cur')

const total = () => Number(facts()?.dataset.total ?? 0)
const count = () => (all ? total() : chosen.size)
export const anyChosen = () => count() > 0

function name(n: number): string {
  const f = facts()!
  return `${n} ${n === 1 ? f.dataset.one : f.dataset.many}`
}

/** What a key or a menu acts on: the selection, else one row. */
export function targetOf(row: HTMLTableRowElement | null): Target | null {
  const f = facts()
  if (!f) return null
  const base = { set: f.dataset.set!, pick: f.dataset.pick! }
  if (all) return { ...base, ids: [], which: [['all', 'yes'], ['filter', f.dataset.filter!], ['q', f.dataset.words!]], name: name(total()) }
  const ids = chosen.size > 0 ? [...chosen] : row && !isFixed(row) ? [row.dataset.id!] : []
  if (ids.length === 0) return null
  const one = ids.length === 1 ? document.getElementById(`r-${ids[0]}`)?.querySelector('.key')?.textContent?.trim() : ''
  return { ...base, ids, which: ids.map((id) => ['which', id]), name: one || name(ids.length) }
}

/** Shows the selection on what the page holds of it. */
export function paintSelection() {
  const bar = form()
  if (!bar) return
  for (const row of rows()) {
    const box = row.querySelector<HTMLInputElement>('input[name="which"]')
    if (box) box.checked = all || chosen.has(row.dataset.id!)
  }
  const head = at<HTMLInputElement>('table[data-grid] input[data-act="select-all"]')
  if (head) {
    head.checked = count() > 0 && count() >= total()
    head.indeterminate = count() > 0 && count() < total()
  }
  bar.classList.toggle('on', count() > 0)
  at('#select-rows')?.setAttribute('aria-pressed', String(picking))
  const said = bar.querySelector('[data-chosen]')!
  const text = count() === 0 ? '' : all ? `All ${count()} selected` : `${count()} selected`
  if (said.textContent !== text) said.textContent = text
}

export function choose(row: HTMLTableRowElement | null, on?: boolean): boolean {
  if (!row || isFixed(row) || !form()) return false
  const id = row.dataset.id!
  if (all) { // what was not seen is let go
    all = false
    loose().forEach((r) => chosen.add(r.dataset.id!))
  }
  if (on ?? !chosen.has(id)) chosen.add(id)
  else chosen.delete(id)
  last = id
  paintSelection()
  return true
}

export function chooseAll() {
  if (!form()) return
  all = true
  chosen.clear()
  paintSelection()
}

export function chooseNone(): boolean {
  const had = anyChosen() || picking
  picking = false
  all = false
  chosen.clear()
  paintSelection()
  return had
}

/** Selects from the row that was chosen last to this one. */
function extend(to: HTMLTableRowElement, on: boolean) {
  const list = rows()
  const from = list.findIndex((r) => r.dataset.id === last)
  const end = list.indexOf(to)
  if (from < 0) {
    choose(to, on)
    return
  }
  list.slice(Math.min(from, end), Math.max(from, end) + 1).filter((r) => !isFixed(r)).forEach((r) => { if (on) chosen.add(r.dataset.id!); else chosen.delete(r.dataset.id!) })
  last = to.dataset.id!
  paintSelection()
}

/** Opens the menu of a column, or with '' of all, for what is selected or the row. */
export function chooseValue(column: string, label: string, button: Element | null): boolean {
  const row = current()
  const target = targetOf(row)
  if (!target) return false
  const cell = anyChosen() ? null : row?.querySelector<HTMLElement>(`[data-col="${CSS.escape(column)}"]`)
  const shown = cell && cell.offsetParent ? cell : null
  const several = document.querySelector<HTMLElement>(`td[data-col="${CSS.escape(column)}"]`)?.dataset.edit === 'many'
    || (button as HTMLElement | null)?.dataset.several !== undefined
  const beside = shown ?? (anyChosen() && button ? button : row) ?? button
  if (beside) void openPicker(target, column, label, several, beside)
  return true
}

/** Presses a button of the bar for what is selected, or else for the current row. */
export function actOnChosen(name: string) {
  const button = form()?.querySelector<HTMLButtonElement>(`[data-many-act="${CSS.escape(name)}"]`)
  if (!button) return
  if (!anyChosen() && !choose(current(), true)) return
  button.click()
}

document.addEventListener('click', (e) => {
  const box = closest(e.target, 'table[data-grid] input[name="which"]') as HTMLInputElement | null
  if (box && form()) {
    const row = box.closest('tr')!
    if (e.shiftKey) extend(row, box.checked)
    else choose(row, box.checked)
    return
  }
  const head = closest(e.target, 'table[data-grid] input[data-act="select-all"]') as HTMLInputElement | null
  if (head) {
    if (head.checked) chooseAll()
    else chooseNone()
    return
  }
  if (closest(e.target, '[data-act="select"]')) {
    if (!chooseNone()) picking = true
    paintSelection()
    return
  }
  if (closest(e.target, '[data-act="select-none"]')) {
    chooseNone()
    return
  }
  const button = closest(e.target, 'form.bulk [data-choose]')
  if (button) {
    e.preventDefault()
    chooseValue(button.dataset.choose!, button.querySelector('.nm')?.textContent ?? '', button)
  }
})

// Shift and click on a row selects up to it.
document.addEventListener('mousedown', (e) => {
  const row = closest(e.target, 'table[data-grid] tr[data-row]')
  if (row && e.shiftKey && !closest(e.target, 'a, button, input')) e.preventDefault() // no text is marked
})
document.addEventListener('click', (e) => {
  const row = closest(e.target, 'table[data-grid] tr[data-row]') as HTMLTableRowElement | null
  if (!row || !e.shiftKey || !form() || closest(e.target, 'input')) return
  e.preventDefault()
  e.stopPropagation()
  extend(row, true)
}, true)

// A finger that rests on a row selects it; as long as anything is selected, a tap does.
const rests = 450
let resting = 0
let pressed = false // what follows of this touch is no tap
const ofTouch = (e: PointerEvent) => ((e.pointerType === 'touch' || picking) && form() && !closest(e.target, 'button, input, label, [data-hold]')
  ? closest(e.target, 'table[data-grid] tr[data-row]') as HTMLTableRowElement | null : null)
document.addEventListener('pointerdown', (e) => {
  pressed = false
  clearTimeout(resting)
  const row = ofTouch(e)
  if (row && !picking) resting = setTimeout(() => { pressed = choose(row) }, rests)
})
for (const event of ['pointerup', 'pointercancel'] as const) document.addEventListener(event, () => { clearTimeout(resting) })
document.addEventListener('scroll', () => { clearTimeout(resting) }, true)
document.addEventListener('contextmenu', (e) => {
  if ((e as PointerEvent).pointerType === 'touch' && form() && closest(e.target, 'table[data-grid] tr[data-row]')) e.preventDefault() // of the link below the finger
})
document.addEventListener('click', (e) => {
  const row = ofTouch(e as PointerEvent)
  if (!row || e.shiftKey || !(pressed || picking || anyChosen())) return
  e.preventDefault()
  e.stopPropagation()
  if (!pressed) choose(row)
  pressed = false
}, true)

document.addEventListener('submit', (e) => {
  const bar = e.target
  if (!(bar instanceof HTMLFormElement) || bar !== form()) return
  e.preventDefault()
  const { submitter } = e
  const target = targetOf(null)
  if (!(submitter instanceof HTMLButtonElement) || !target || submitter.dataset.choose !== undefined) return
  const body = new URLSearchParams(target.which)
  if (submitter.name) body.set(submitter.name, submitter.value)
  void post(submitter.hasAttribute('formaction') ? submitter.formAction : bar.action, body).then((done) => { if (done) chooseNone() })
})
