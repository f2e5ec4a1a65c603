// The picker: one menu for choosing a value, wherever one is chosen. What can be chosen
// the server answers, by what is typed; the arrows and Enter choose. A column with one
// value is written at once; where several are chosen, tags of one or columns of many,
// all of them are written together.

import { at, closest } from './dom'
import { ask } from './htmx'
import { post } from './post'

/** What a value is written to. */
export interface Target {
  set: string // where values are sent
  pick: string // where what can be chosen is asked for
  ids: string[]
  which: [string, string][] // names the entities to the server
  name: string // "FB-42", "20 features"
}

interface Staged { column: string, value: string, label: string, many: boolean, on: boolean }

let target: Target | null = null
let column = ''
let many = false
let staged: Staged[] = []
let anchor: Element | null = null

/** The popover, made when it is first needed; it stands outside what is made new. */
function popover(): HTMLElement {
  const there = at('#pick')
  if (there) return there
  const box = document.createElement('div')
  box.id = 'pick'
  box.className = 'menu-pop pick'
  box.popover = 'auto'
  box.setAttribute('role', 'dialog')
  const input = document.createElement('input')
  input.className = 'inp'
  input.type = 'text'
  input.autocomplete = 'off'
  input.spellcheck = false
  for (const [name, value] of Object.entries({ role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'pick-list', 'aria-autocomplete': 'list' })) input.setAttribute(name, value)
  const options = document.createElement('div')
  options.id = 'pick-options'
  const foot = document.createElement('div')
  foot.className = 'pick-foot'
  const said = document.createElement('span')
  said.className = 'pick-said'
  said.setAttribute('role', 'status')
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'btn pri sm'
  button.dataset.act = 'pick-apply'
  foot.append(said, button)
  box.append(input, options, foot)
  document.body.append(box)
  input.addEventListener('input', () => void load())
  box.addEventListener('keydown', key)
  box.addEventListener('click', click)
  box.addEventListener('toggle', (e) => {
    if ((e as ToggleEvent).newState === 'closed') leave()
  })
  return box
}

const field = () => popover().querySelector('input')!
const options = () => [...popover().querySelectorAll<HTMLElement>('[role="option"]:not([aria-disabled])')]
const active = () => options().find((o) => o.getAttribute('aria-selected') === 'true')

/** Opens the picker for a column, or with '' for all columns at once. */
export async function openPicker(to: Target, of: string, label: string, several: boolean, beside: Element) {
  const box = popover()
  if (box.matches(':popover-open')) box.hidePopover()
  target = to
  then = null
  column = of
  many = several || of === ''
  staged = []
  anchor = beside
  const input = field()
  input.value = ''
  input.placeholder = of === '' ? `Set on ${to.name}` : label
  input.setAttribute('aria-label', input.placeholder)
  box.setAttribute('aria-label', of === '' ? `Set values of ${to.name}` : `${label} of ${to.name}`)
  at('#pick-options')!.replaceChildren()
  box.classList.toggle('several', many)
  box.showPopover()
  place(box, beside)
  input.focus()
  await load()
  place(box, beside)
}

/** Puts the popover below what it belongs to, or above where there is no room. */
function place(box: HTMLElement, beside: Element) {
  const a = beside.getBoundingClientRect()
  const b = box.getBoundingClientRect()
  const left = Math.max(8, Math.min(a.left, innerWidth - b.width - 8))
  const below = a.bottom + 4
  const top = below + b.height <= innerHeight - 8 ? below : Math.max(8, a.top - b.height - 4)
  box.style.setProperty('--x', `${left}px`)
  box.style.setProperty('--y', `${top}px`)
}

let loading = false
let again = false
let then: (() => void) | null = null // what was pressed before the answer came

async function load() {
  if (!target) return
  if (loading) {
    again = true
    return
  }
  loading = true
  const address = new URL(target.pick, location.href)
  if (column) address.searchParams.set('column', column)
  if (field().value.trim()) address.searchParams.set('q', field().value.trim())
  if (target.ids.length > 0 && target.ids.length <= 50) address.searchParams.set('of', target.ids.join(','))
  await ask('GET', address.pathname + address.search, { target: '#pick-options', swap: 'innerHTML' })
  loading = false
  if (again) {
    again = false
    await load()
    return
  }
  choose(options()[0])
  paint()
  const act = then
  then = null
  act?.()
}

/** Does something with what is offered for all that was typed. */
function once(act: () => void) {
  if (loading) then = act
  else act()
}

function choose(to: HTMLElement | undefined) {
  options().forEach((o) => o.setAttribute('aria-selected', String(o === to)))
  if (!to) {
    field().removeAttribute('aria-activedescendant')
    return
  }
  field().setAttribute('aria-activedescendant', to.id)
  to.scrollIntoView({ block: 'nearest' })
}

const stagedFor = (o: HTMLElement) => staged.find((s) => s.column === o.dataset.column && s.value === o.dataset.value)

/** Shows what is chosen, and what the button will write. */
function paint() {
  for (const o of options()) {
    const s = stagedFor(o)
    const replaced = !s && staged.some((x) => x.column === o.dataset.column && !x.many)
    const now = s ? String(s.on) : replaced ? 'false' : o.dataset.mark ?? 'false'
    o.setAttribute('aria-checked', now)
  }
  const said = popover().querySelector('.pick-said')!
  said.textContent = staged.map((s) => `${s.on ? '' : 'not '}${s.label}`).join(', ')
  const button = popover().querySelector<HTMLButtonElement>('.pick-foot button')!
  button.textContent = target ? `Set on ${target.name}` : ''
  button.disabled = staged.length === 0
}

/** Stages a value, or takes it back. */
function stage(o: HTMLElement) {
  const there = stagedFor(o)
  if (there) {
    staged = staged.filter((s) => s !== there)
  } else {
    const several = o.dataset.many !== undefined
    if (!several) staged = staged.filter((s) => s.column !== o.dataset.column)
    staged.push({
      column: o.dataset.column!, value: o.dataset.value!, many: several, on: !several || o.dataset.mark !== 'true',
      label: o.dataset.value && o.dataset.label!.startsWith('Create “') ? o.dataset.value : o.dataset.label!,
    })
  }
  if (field().value !== '') {
    field().value = ''
    void load()
  }
  paint()
}

async function apply() {
  if (!target || staged.length === 0) return
  const body = new URLSearchParams(target.which)
  for (const s of staged) {
    if (!s.many) body.set(s.column, s.value)
    else body.append(`${s.on ? 'add' : 'remove'}.${s.column}`, s.value)
  }
  const { set } = target
  popover().hidePopover()
  await post(set, body)
}

function take(o: HTMLElement) {
  stage(o)
  if (!many) void apply()
}

function key(e: KeyboardEvent) {
  const all = options()
  const i = all.findIndex((o) => o.getAttribute('aria-selected') === 'true')
  if (e.key === 'ArrowDown') choose(all[(i + 1) % all.length])
  else if (e.key === 'ArrowUp') choose(all[(i - 1 + all.length) % all.length])
  else if (e.key === 'Home' && field().value === '') choose(all[0])
  else if (e.key === 'End' && field().value === '') choose(all.at(-1))
  else if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
    once(() => {
      const on = active()
      if (on && !stagedFor(on) && (staged.length === 0 || field().value !== '')) stage(on)
      void apply()
    })
  } else if (e.key === 'Enter' && e.target === field()) {
    once(() => {
      const on = active()
      if (on) take(on)
    })
  } else if (e.key === 'Escape') popover().hidePopover()
  else {
    e.stopPropagation() // letters are typed
    return
  }
  e.preventDefault()
  e.stopPropagation()
}

function click(e: Event) {
  const o = closest(e.target, '[role="option"]:not([aria-disabled])')
  if (o) {
    choose(o)
    take(o)
    field().focus()
  } else if (closest(e.target, '[data-act="pick-apply"]')) {
    void apply()
  }
}

/** Gives the focus back to where it was. */
function leave() {
  const back = anchor?.closest('tr')?.querySelector<HTMLElement>('[data-open]') ?? anchor?.querySelector<HTMLElement>('a, button') ?? anchor
  if (back instanceof HTMLElement && back.isConnected && (document.activeElement === document.body || closest(document.activeElement, '#pick'))) back.focus({ preventScroll: true })
  anchor = null
}
