// What every page does with keys, theme, sidebar, palette, time and toasts. Pages
// work without it; whatever needs it carries the class "js" and is hidden if there
// is no script.

import './lib/board'
import './lib/columns'
import { watchCards } from './lib/card'
import { openCreate, watchCreate } from './lib/create'
import { actOnChosen } from './lib/bulk'
import { at, closest, keep } from './lib/dom'
import { watchEditors } from './lib/editor'
import { goBack, gridAll, gridKey } from './lib/grid'
import './lib/inbox'
import { follow } from './lib/live'
import { openPalette, paletteKey, pointedAt, watchPalette } from './lib/palette'
import './lib/order'
import { post } from './lib/post'
import { refresh } from './lib/refresh'
import { resultsKey } from './lib/results'
import './lib/stay'
import { openTime, watchTime } from './lib/time'
import { toast, watchToasts } from './lib/toast'
import { watchWindow } from './lib/window'

const root = document.documentElement

/** Switches the theme at once; the cookie tells the server for the next page. */
function switchTheme(theme: string) {
  root.dataset.theme = theme
  keep('theme', theme)
  const button = at<HTMLButtonElement>('button[data-act="theme"]')
  if (button) button.value = { auto: 'light', light: 'dark', dark: 'auto' }[theme] ?? 'auto'
}

/** Turns single letters on or off at once, as the theme. */
function switchLetters(to: string) {
  if (to === 'off') root.dataset.letters = 'off'
  else delete root.dataset.letters
  keep('letters', to === 'off' ? 'off' : '')
  document.querySelectorAll('dialog[open]').forEach((d) => { if (d instanceof HTMLDialogElement) d.close() })
  toast(`Single letters are ${to === 'off' ? 'off' : 'on'}`)
  void refresh()
}

async function copy(text: string, said: string) {
  if (text === '') return
  await navigator.clipboard.writeText(text)
  toast(said)
}

function switchSidebar() {
  const mini = root.dataset.side !== 'mini'
  if (mini) root.dataset.side = 'mini'
  else delete root.dataset.side
  keep('side', mini ? 'mini' : '')
}

function dialog(id: string | undefined) {
  const d = id ? document.getElementById(id) : null
  if (d instanceof HTMLDialogElement && !d.open) d.showModal()
}

const acts: Record<string, (on: HTMLElement, e: Event) => void> = {
  theme: (on, e) => { e.preventDefault(); switchTheme(on.dataset.value ?? (on as HTMLButtonElement).value) },
  letters: (on) => switchLetters(on.dataset.value ?? (on as HTMLButtonElement).value),
  time: () => openTime(),
  undo: () => at<HTMLFormElement>('form#undo')?.requestSubmit(),
  redo: () => { const undo = at<HTMLFormElement>('form#undo'); if (undo) void post(undo.action, new URLSearchParams({ redo: 'yes' })) },
  chosen: (on) => actOnChosen(on.dataset.value ?? ''),
  'copy-link': () => { const { href, key } = pointedAt(); void copy(href, key ? `Copied link to ${key}` : 'Copied link') },
  'copy-key': () => { const { key } = pointedAt(); void copy(key, `Copied ${key}`) },
  side: () => switchSidebar(),
  create: (on, e) => {
    const { href } = on as HTMLAnchorElement
    if (openCreate(href)) e.preventDefault()
    else if (on.closest('#palette')) location.assign(href)
  },
  palette: (_, e) => { if (openPalette()) e.preventDefault() },
  keys: () => { document.querySelectorAll<HTMLElement>('[popover]:popover-open').forEach((p) => p.hidePopover()); dialog('keys') },
  dialog: (on) => dialog(on.dataset.for),
  close: (on) => on.closest('dialog')?.close(),
  copy: (on) => { void navigator.clipboard.writeText(on.dataset.text ?? '') },
  reveal: (on) => {
    const input = on.parentElement?.querySelector('input')
    if (input) input.type = input.type === 'password' ? 'text' : 'password'
  },
}

document.addEventListener('click', (e) => {
  const on = closest(e.target, '[data-act]')
  if (on && (e as MouseEvent).button === 0 && !e.ctrlKey && !e.metaKey) acts[on.dataset.act ?? '']?.(on, e)
  if (e.target instanceof HTMLDialogElement) e.target.close() // beside it
})

// Single letters never fire inside a field.
function typing(e: KeyboardEvent): boolean {
  const on = e.target
  return on instanceof HTMLElement && (on.isContentEditable || on.matches('input:not([type=checkbox], [type=radio], [type=range]), textarea, select'))
}

// A single letter, digit or mark, which the reader may have switched off. What the palette
// presses is no letter that somebody hit unawares.
function switchedOff(e: KeyboardEvent): boolean {
  return root.dataset.letters === 'off' && e.isTrusted && e.key.length === 1 && e.key !== ' '
}

let leader = -Infinity // when G was pressed

function globalKey(e: KeyboardEvent): boolean {
  if (e.timeStamp - leader < 1500) {
    leader = -Infinity
    const link = at<HTMLAnchorElement>(`[data-go="${CSS.escape(e.key.toUpperCase())}"]`)
    link?.click()
    return link !== null
  }
  switch (e.key) {
    case '/': return openPalette()
    case '[': if (at('[data-act="side"]')) switchSidebar(); return true
    case 't': case 'T': openTime(); return true
    case 'g': case 'G': leader = e.timeStamp; return true
    case '?': dialog('keys'); return true
  }
  // what a page does by a single letter, it says on the button that does it
  const on = e.key.length === 1 ? at(`[data-key="${CSS.escape(e.key.toLowerCase())}"]`) : null
  on?.click()
  return on !== null
}

document.addEventListener('keydown', (e) => {
  if (e.defaultPrevented || e.isComposing) return
  const open = at<HTMLDialogElement>('dialog[open]')
  if (e.key.toLowerCase() === 'k' && (e.metaKey || e.ctrlKey)) {
    if (openPalette()) e.preventDefault()
  } else if (e.key.toLowerCase() === 'z' && (e.metaKey || e.ctrlKey) && !e.shiftKey && !typing(e) && !open) {
    const undo = at<HTMLFormElement>('form#undo')
    if (undo) { e.preventDefault(); undo.requestSubmit() }
  } else if (((e.key.toLowerCase() === 'z' && e.shiftKey) || e.key.toLowerCase() === 'y') && (e.metaKey || e.ctrlKey) && !typing(e) && !open) {
    if (at('form#undo')) { e.preventDefault(); acts.redo(root, e) }
  } else if (e.key.toLowerCase() === 'a' && (e.metaKey || e.ctrlKey) && !typing(e) && !open) {
    if (gridAll()) e.preventDefault()
  } else if (e.code === 'Period' && (e.metaKey || e.ctrlKey) && !e.altKey && !open) {
    e.preventDefault()
    acts[e.shiftKey ? 'copy-key' : 'copy-link'](root, e)
  } else if (e.key === 'Enter' && (e.metaKey || e.ctrlKey) && open?.id !== 'palette') {
    const form = typing(e) ? closest(e.target, 'form') : null
    if (form instanceof HTMLFormElement) { e.preventDefault(); form.requestSubmit() }
  } else if (open) {
    if (open.id === 'palette' && paletteKey(e, acts)) e.preventDefault()
  } else if (e.key === 'Escape') {
    // popovers close themselves; the last layer is the past
    if (typing(e)) (e.target as HTMLElement).blur()
    else if (!at('[popover]:popover-open') && !gridKey(e)) goBack()
  } else if (!typing(e) && !e.altKey && !e.ctrlKey && !e.metaKey && !switchedOff(e) && (globalKey(e) || gridKey(e) || resultsKey(e))) {
    e.preventDefault()
  }
})

// What takes a few seconds says so, and is asked for once.
document.addEventListener('submit', (e) => {
  const form = e.target
  if (!(form instanceof HTMLFormElement) || !form.dataset.busy) return
  if (form.dataset.sending !== undefined) { e.preventDefault(); return }
  form.dataset.sending = ''
  form.setAttribute('aria-busy', 'true')
  const says = document.createElement('p')
  says.className = 'fs12 sub'
  says.setAttribute('role', 'status')
  says.textContent = form.dataset.busy
  form.append(says)
})
addEventListener('pageshow', (e) => { if (e.persisted) document.querySelectorAll<HTMLFormElement>('form[data-sending]').forEach((f) => { f.removeAttribute('data-sending'); f.removeAttribute('aria-busy'); f.querySelector(':scope > [role="status"]')?.remove() }) })

// A new workspace is most likely in the time zone of who makes it.
const zone = at<HTMLInputElement>('input[data-zone]')
if (zone && zone.value === zone.defaultValue) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || zone.value

watchTime()
watchToasts()
watchPalette(acts)
watchCreate()
watchWindow()
watchEditors()
watchCards()
follow()

// A choice that says so is sent as soon as it is made.
document.addEventListener('change', (e) => {
  if (e.target instanceof HTMLSelectElement && 'submit' in e.target.dataset) e.target.form?.requestSubmit()
})
