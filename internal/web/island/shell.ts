// What every page does with keys, theme, sidebar, palette, time and toasts. Pages
// work without it; whatever needs it carries the class "js" and is hidden if there
// is no script.

import './lib/board'
import './lib/columns'
import { watchCards } from './lib/card'
import { openCreate, watchCreate } from './lib/create'
import { at, closest, keep } from './lib/dom'
import { watchEditors } from './lib/editor'
import { goBack, gridAll, gridKey } from './lib/grid'
import './lib/inbox'
import { follow } from './lib/live'
import { openPalette, paletteKey } from './lib/palette'
import './lib/order'
import { post } from './lib/post'
import './lib/stay'
import { openTime, watchTime } from './lib/time'
import { watchToasts } from './lib/toast'
import { watchWindow } from './lib/window'

const root = document.documentElement

/** Switches the theme at once; the cookie tells the server for the next page. */
function switchTheme(button: HTMLButtonElement) {
  const theme = button.value
  root.dataset.theme = theme
  keep('theme', theme)
  button.value = { auto: 'light', light: 'dark', dark: 'auto' }[theme] ?? 'auto'
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
  theme: (on, e) => { e.preventDefault(); switchTheme(on as HTMLButtonElement) },
  side: () => switchSidebar(),
  create: (on, e) => { if (openCreate((on as HTMLAnchorElement).href)) e.preventDefault() },
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
    const undo = at<HTMLFormElement>('form#undo')
    if (undo) { e.preventDefault(); void post(undo.action, new URLSearchParams({ redo: 'yes' })) }
  } else if (e.key.toLowerCase() === 'a' && (e.metaKey || e.ctrlKey) && !typing(e) && !open) {
    if (gridAll()) e.preventDefault()
  } else if (open) {
    if (open.id === 'palette' && paletteKey(e, open)) e.preventDefault()
  } else if (e.key === 'Escape') {
    // popovers close themselves; the last layer is the past
    if (typing(e)) (e.target as HTMLElement).blur()
    else if (!at('[popover]:popover-open') && !gridKey(e)) goBack()
  } else if (!typing(e) && !e.altKey && !e.ctrlKey && !e.metaKey && (globalKey(e) || gridKey(e))) {
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
watchCreate()
watchWindow()
watchEditors()
watchCards()
follow()
