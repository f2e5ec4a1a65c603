// The palette finds things and runs actions. What can be done on the page and where one
// can go stands in it, with what the reader may; what is found the server answers. Words
// may have a typing error. ">" runs alone, "@" goes to a moment, "#" to an objective.

import { at, closest } from './dom'
import { ask } from './htmx'
import { post } from './post'

type Option = HTMLAnchorElement
type Acts = Record<string, (on: HTMLElement, e: Event) => void>

const dialog = () => at<HTMLDialogElement>('#palette')
const field = () => at<HTMLInputElement>('#palette input')!
const found = () => at('#found')!
const group = (id: string) => at(`#palette-${id}`)!
// in the order in which the page says them, however they stand now
const place = (o: Option) => Number(o.id.slice(o.id.indexOf('-') + 1))
const actions = (id: string) => [...group(id).querySelectorAll<Option>('[data-action]')].sort((a, b) => place(a) - place(b))
const options = () => [...document.querySelectorAll<Option>('#palette-list [role="option"]:not([hidden])')].filter((o) => !o.closest('[hidden]'))
const active = () => options().find((o) => o.getAttribute('aria-selected') === 'true')

const shownAtMost = 8
const keptAtMost = 24

// What was opened, the latest first: identifiers alone. The server says what they are
// called, to whom it may.
function recent(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(at('.shell')?.dataset.recent ?? '') ?? '[]')
    return Array.isArray(kept) ? kept.filter((x) => typeof x === 'string') : []
  } catch {
    return [] // not ours
  }
}

function remember() {
  const shell = at('.shell')
  const id = shell?.dataset.opened
  if (!shell?.dataset.recent || !id) return
  localStorage.setItem(shell.dataset.recent, JSON.stringify([id, ...recent().filter((x) => x !== id)].slice(0, keptAtMost)))
}

/** What an action acts on, in words; '' for nothing. */
function subject(): string {
  const chosen = at('form.bulk.on [data-chosen]')?.textContent?.trim()
  if (chosen) return chosen
  const row = currentRow()
  if (row) return row.querySelector('.key')?.textContent?.trim() || row.querySelector('[data-open]')?.textContent?.trim() || ''
  return at('.shell')?.dataset.of ?? ''
}

const currentRow = () => at('table[data-grid] tr.cur') ?? closest(document.activeElement, '[data-card]') ?? (closest(document.activeElement, '.finds li'))

/** The address and the key of what the reader is at. */
export function pointedAt(): { href: string, key: string } {
  const row = currentRow()
  const link = row?.querySelector<HTMLAnchorElement>('a[data-open], a.find-hit, a[href]')
  if (row && link) return { href: link.href, key: row.querySelector('.key')?.textContent?.trim() ?? '' }
  const page = new URL(location.href)
  return { href: page.href, key: at('.shell')?.dataset.of ?? '' }
}

/** Words as they are compared: without case and accents. */
function fold(text: string): string[] {
  return text.toLowerCase().normalize('NFKD').replace(/\p{M}/gu, '').split(/[^\p{L}\p{N}]+/u).filter((w) => w !== '')
}

/** Whether the beginning of a word is what was typed but for some letters. */
function nearly(word: string, typed: string): boolean {
  const errors = typed.length < 4 ? 0 : typed.length < 8 ? 1 : 2
  if (word.startsWith(typed)) return true
  if (errors === 0) return false
  // the distance of what was typed to each beginning of the word; two letters may have changed places
  let before: number[] = []
  let row = Array.from({ length: word.length + 1 }, (_, j) => j)
  for (let i = 1; i <= typed.length; i++) {
    const next = [i]
    for (let j = 1; j <= word.length; j++) {
      const same = typed[i - 1] === word[j - 1] ? 0 : 1
      let best = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same)
      if (i > 1 && j > 1 && typed[i - 1] === word[j - 2] && typed[i - 2] === word[j - 1]) best = Math.min(best, before[j - 2] + 1)
      next.push(best)
    }
    before = row
    row = next
  }
  return Math.min(...row) <= errors
}

/** How well an action answers what was typed: less is better, -1 not at all. */
function fits(o: Option, typed: string[]): number {
  const name = fold(o.dataset.action!)
  const all = [...name, ...fold(o.dataset.words ?? '')]
  if (typed.every((t) => name.some((w) => w.startsWith(t)))) return name[0].startsWith(typed[0]) ? 0 : 1
  if (typed.every((t) => all.some((w) => w.startsWith(t)))) return 2
  return typed.every((t) => all.some((w) => nearly(w, t))) ? 3 : -1
}

/** Writes a name with what was typed standing out. */
function write(o: Option, typed: string[]) {
  const into = o.querySelector('.nm')!
  const name = o.dataset.action!
  const parts: (string | Node)[] = []
  let end = 0
  for (const m of name.matchAll(/[\p{L}\p{N}]+/gu)) {
    const word = fold(m[0]).join('')
    const length = Math.max(0, ...typed.filter((t) => word.startsWith(t)).map((t) => t.length))
    if (length === 0) continue
    const from = m.index ?? 0
    const mark = document.createElement('mark')
    mark.textContent = name.slice(from, from + length)
    parts.push(name.slice(end, from), mark)
    end = from + length
  }
  into.replaceChildren(...parts, name.slice(end))
}

/** Shows the actions that answer what was typed; returns how well the best does. */
function show(id: string, text: string, limit: number): number {
  const typed = fold(text)
  const of = subject()
  const nothing = typed.length === 0
  let best = 9
  const fitting: [number, Option][] = []
  for (const o of actions(id)) {
    o.hidden = true
    if (o.dataset.here !== undefined && of === '') continue
    const name = o.querySelector<HTMLElement>('.of')
    if (name) name.textContent = of
    const rank = nothing ? 0 : fits(o, typed)
    if (rank >= 0) fitting.push([rank, o])
    if (rank >= 0 && rank < best) best = rank
    write(o, typed)
  }
  fitting.sort((a, b) => a[0] - b[0])
  const chosen = fitting.slice(0, limit).map(([, o]) => o)
  // the best stand first
  for (const o of chosen) { o.hidden = false; group(id).append(o) }
  if (!nothing) {
    const maker = id === 'do' ? actions('do').find((o) => o.dataset.typed !== undefined) : undefined
    if (maker) offerToMake(maker, text)
  }
  group(id).hidden = options().every((o) => o.parentElement !== group(id))
  return nothing ? 9 : best
}

/** Offers to make something called what was typed. */
function offerToMake(o: Option, text: string) {
  const address = new URL(o.href)
  address.searchParams.set(o.dataset.typed!, text)
  o.href = address.href
  o.querySelector('.nm')!.replaceChildren(`${o.dataset.action} “${text}”`)
  o.hidden = false
  group('do').append(o)
}

let asked = 0
let loading = false
let then: (() => void) | null = null // what was pressed before the answer came
let moved = false

function choose(to: Option | undefined) {
  document.querySelectorAll('#palette-list [role="option"]').forEach((o) => o.setAttribute('aria-selected', String(o === to)))
  if (!to) {
    field().removeAttribute('aria-activedescendant')
    return
  }
  field().setAttribute('aria-activedescendant', to.id)
  to.scrollIntoView({ block: 'nearest' })
}

const mode = () => ({ '>': 'do', '@': 'moment', '#': 'objective' })[field().value.trimStart()[0] ?? ''] ?? 'all'

/** Shows what answers what was typed: actions at once, what is found when it comes. */
async function look() {
  const typed = field().value.trimStart()
  const how = mode()
  const text = how === 'do' ? typed.slice(1).trim() : typed.trim()
  moved = false
  const mine = ++asked
  let best = 9
  if (how === 'moment' || how === 'objective') {
    group('do').hidden = group('go').hidden = true
  } else if (how === 'do') {
    show('do', text, 50)
    group('go').hidden = true
    found().replaceChildren()
  } else if (text === '') {
    show('do', '', 50)
    actions('do').filter((o) => o.dataset.first === undefined && o.dataset.here === undefined).forEach((o) => { o.hidden = true })
    const few = actions('do').filter((o) => !o.hidden)
    few.slice(shownAtMost).forEach((o) => { o.hidden = true })
    group('do').hidden = few.length === 0
    group('go').hidden = true
  } else {
    best = Math.min(show('do', text, shownAtMost), show('go', text, shownAtMost))
  }
  if (how !== 'do') {
    loading = true
    const address = new URL(at<HTMLFormElement>('#palette form')!.action)
    if (text) address.searchParams.set('q', text)
    if (how === 'moment') address.searchParams.set('page', location.pathname + location.search)
    const mind = recent()
    if (mind.length > 0) address.searchParams.set('recent', mind.join(','))
    await new Promise((done) => { setTimeout(done, text === '' ? 0 : 80) })
    if (mine !== asked) return
    await ask('GET', address.pathname + address.search, { target: '#found', swap: 'innerHTML' })
    if (mine !== asked) return
    loading = false
    // what is only like what was typed stands below what is called so
    const late = best < 3 && at('#hits[data-close]') !== null
    if (late) group('go').after(found())
    else group('do').before(found())
  }
  const none = at('#palette-none')!
  const said = at('#hits')?.dataset.said ?? ''
  none.hidden = options().length > 0
  none.textContent = how === 'do' ? 'Nothing is done by that name' : said || 'Nothing to show yet; type to search'
  at('#palette-said')!.textContent = none.hidden ? `${options().length} results` : none.textContent
  if (!moved || !active()) choose(options()[0])
  const act = then
  then = null
  act?.()
}

/** Opens the palette; false if the page has none. */
export function openPalette(): boolean {
  const d = dialog()
  if (!d) return false
  if (d.open) {
    field().select()
    return true
  }
  subjectBefore = currentRow()
  d.showModal()
  field().value = ''
  found().replaceChildren()
  void look()
  return true
}

let subjectBefore: Element | null = null

/** Does a key as if it had been pressed on the page. */
function press(keys: string) {
  const parts = keys.split('+')
  const key = parts.pop()!
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey: parts.includes('ctrl'), shiftKey: parts.includes('shift'), bubbles: true, cancelable: true }))
}

/** Runs an option: opens it, sends it, or does what its key does. */
function run(o: Option, e: Event, acts: Acts, apart: boolean) {
  const { post: to, press: keys, opens, does } = o.dataset
  if (apart && o.getAttribute('href')) {
    window.open(o.href, '_blank', 'noopener')
    return
  }
  dialog()?.close()
  if (subjectBefore instanceof HTMLElement && subjectBefore.isConnected && !subjectBefore.contains(document.activeElement)) subjectBefore.querySelector<HTMLElement>('[data-open], a')?.focus({ preventScroll: true })
  if (to !== undefined) void post(to, new URLSearchParams(o.dataset.fields ?? ''))
  else if (keys !== undefined) press(keys)
  else if (opens !== undefined) at(`[popovertarget="${CSS.escape(opens)}"]`)?.click()
  else if (does !== undefined) acts[does]?.(o, e)
  else go(o)
}

/** Follows a link without running what a click on it in the palette runs. */
function go(o: Option) {
  const link = document.createElement('a')
  link.href = o.href
  link.download = o.download
  if (!o.hasAttribute('download')) link.removeAttribute('download')
  link.hidden = true
  document.body.append(link)
  link.click()
  link.remove()
}

/** Does what a key means in the palette; false if it means nothing there. */
export function paletteKey(e: KeyboardEvent, acts: Acts): boolean {
  const all = options()
  const i = all.findIndex((o) => o.getAttribute('aria-selected') === 'true')
  switch (e.key) {
    case 'ArrowDown': moved = true; choose(all[(i + 1) % all.length]); return true
    case 'ArrowUp': moved = true; choose(all[(i - 1 + all.length) % all.length]); return true
    case 'Enter': {
      const apart = e.ctrlKey || e.metaKey
      const act = () => { const to = active(); if (to) run(to, e, acts, apart) }
      if (loading && !moved) then = act
      else act()
      return true
    }
  }
  return false
}

/** Listens to what is typed and clicked in the palette. */
export function watchPalette(acts: Acts) {
  remember()
  addEventListener('pageshow', remember)
  document.addEventListener('input', (e) => { if (dialog()?.open && e.target === field()) void look() })
  document.addEventListener('click', (e) => {
    const o = closest(e.target, '#palette-list [role="option"]') as Option | null
    if (!o || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey) return
    e.preventDefault()
    run(o, e, acts, false)
  })
  document.addEventListener('submit', (e) => { if (closest(e.target, '#palette')) e.preventDefault() })
}
