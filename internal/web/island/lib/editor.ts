// The box for long texts: tools and keys for Markdown, people and things by a few letters,
// files by paste and drop, a preview made by the server, and a draft until it is saved.

import { at, closest, sent } from './dom'
import { draftOf, dropDraft, keepDraft, sendDrafts, settleDrafts } from './draft'
import { ask } from './htmx'
import * as md from './markdown'
import { refresh } from './refresh'
import { toast } from './toast'

type Box = HTMLTextAreaElement

const editorOf = (t: EventTarget | null) => closest(t, '[data-editor]')
const boxOf = (ed: HTMLElement) => ed.querySelector<Box>('textarea')!
const chosen = (t: Box): md.Chosen => ({ value: t.value, start: t.selectionStart, end: t.selectionEnd })

/** Makes a change as if it was typed, so that the browser can undo it. */
function apply(t: Box, c: md.Change | null): boolean {
  if (!c) return false
  t.focus()
  t.setSelectionRange(c.from, c.to)
  if (c.text === '' ? c.from !== c.to : c.text !== t.value.slice(c.from, c.to)) {
    if (!document.execCommand(c.text === '' ? 'delete' : 'insertText', false, c.text)) {
      t.setRangeText(c.text, c.from, c.to, 'end')
      t.dispatchEvent(new Event('input', { bubbles: true }))
    }
  }
  t.setSelectionRange(c.start, c.end)
  return true
}

const insert = (t: Box, text: string) => apply(t, {
  from: t.selectionStart, to: t.selectionEnd, text, start: t.selectionStart + text.length, end: t.selectionStart + text.length,
})

// --- drafts ---------------------------------------------------------------

/** What stood in the box when the page was made, or what the draft was begun with. */
const bases = new WeakMap<HTMLElement, string>()

function saved(ed: HTMLElement): string {
  const was = boxOf(ed).form?.elements.namedItem('was')
  return was instanceof HTMLTextAreaElement || was instanceof HTMLInputElement ? was.value : boxOf(ed).defaultValue
}

function ready(ed: HTMLElement) {
  if (bases.has(ed)) return
  const t = boxOf(ed)
  bases.set(ed, saved(ed))
  const name = ed.dataset.draft
  const d = name ? draftOf(name) : null
  if (!name || !d) return
  if (d.text === t.value) { dropDraft(name); return }
  if (t.hasAttribute('aria-invalid') || t.value !== saved(ed)) return // what was refused is newer
  t.value = d.text
  const was = t.form?.elements.namedItem('was')
  if (was instanceof HTMLTextAreaElement && was.value !== d.base) was.value = d.base // the server joins what others wrote since
  bases.set(ed, d.base)
  const note = ed.querySelector<HTMLElement>('.ed-draft')
  const said = note?.querySelector('[data-said]')
  if (!note || !said) return
  const minutes = Math.round((Date.now() - d.at) / 60000)
  said.textContent = `Not saved yet: your draft ${minutes < 1 ? 'of just now' : minutes < 60 ? `from ${minutes} min ago` : `of ${new Date(d.at).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })}`}`
  note.hidden = false
}

function draft(ed: HTMLElement) {
  if (ed.dataset.draft) keepDraft(ed.dataset.draft, boxOf(ed).value, bases.get(ed) ?? saved(ed))
}

function discard(ed: HTMLElement) {
  if (ed.dataset.draft) dropDraft(ed.dataset.draft)
  const t = boxOf(ed)
  const was = t.form?.elements.namedItem('was')
  if (was instanceof HTMLTextAreaElement) was.value = was.defaultValue
  t.value = t.defaultValue
  bases.set(ed, saved(ed))
  ed.querySelector<HTMLElement>('.ed-draft')!.hidden = true
  t.focus()
}

// --- people and things by a few letters -----------------------------------

interface Suggestion { insert: string, label: string, note: string }

let open: { t: Box, list: HTMLElement, from: number, kind: string, all: Suggestion[], on: number } | null = null
let asked = 0

function shut() {
  if (!open) return
  open.list.remove()
  open.t.removeAttribute('aria-activedescendant')
  open.t.removeAttribute('aria-controls')
  open = null
}

/** Where a place in the text of a box stands on the page: a copy of the box tells. */
function place(t: Box, n: number): { x: number, y: number, line: number } {
  const copy = document.createElement('div')
  const style = getComputedStyle(t)
  for (const p of ['font', 'letterSpacing', 'lineHeight', 'padding', 'border', 'boxSizing', 'wordBreak', 'tabSize'] as const) copy.style[p] = style[p]
  copy.style.position = 'absolute'
  copy.style.visibility = 'hidden'
  copy.style.whiteSpace = 'pre-wrap'
  copy.style.overflowWrap = 'break-word'
  copy.style.width = `${t.clientWidth}px`
  copy.textContent = t.value.slice(0, n)
  const mark = document.createElement('span')
  mark.textContent = '\u200b'
  copy.append(mark)
  document.body.append(copy)
  const box = t.getBoundingClientRect()
  const spot = { x: box.left + mark.offsetLeft, y: box.top + mark.offsetTop - t.scrollTop, line: mark.offsetHeight }
  copy.remove()
  return spot
}

function show(t: Box, from: number, kind: string, all: Suggestion[]) {
  shut()
  if (all.length === 0) return
  const list = document.createElement('ul')
  list.className = 'ed-list'
  list.id = 'ed-list'
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', kind === 'people' ? 'People' : 'Things')
  list.popover = 'manual'
  all.forEach((s, i) => {
    const li = document.createElement('li')
    li.id = `ed-list-${i}`
    li.setAttribute('role', 'option')
    li.setAttribute('aria-selected', String(i === 0))
    const label = document.createElement('span')
    label.textContent = s.label
    const note = document.createElement('span')
    note.className = 'mute num'
    note.textContent = s.note
    li.append(...(kind === 'people' ? [label, note] : [note, label]))
    li.addEventListener('pointerdown', (e) => { e.preventDefault(); take(i) })
    list.append(li)
  })
  const near = closest(t, 'dialog, main') ?? document.body // where it belongs, and above a dialog that is open
  near.append(list)
  list.showPopover()
  const spot = place(t, from)
  const room = list.getBoundingClientRect()
  list.style.left = `${Math.max(8, Math.min(spot.x, innerWidth - room.width - 8))}px`
  list.style.top = spot.y + spot.line + room.height + 8 > innerHeight ? `${Math.max(8, spot.y - room.height - 4)}px` : `${spot.y + spot.line + 4}px`
  t.setAttribute('aria-controls', 'ed-list')
  t.setAttribute('aria-activedescendant', 'ed-list-0')
  open = { t, list, from, kind, all, on: 0 }
}

function move(by: number) {
  if (!open) return
  const { list, all, t } = open
  open.on = (open.on + by + all.length) % all.length
  ;[...list.children].forEach((li, i) => li.setAttribute('aria-selected', String(i === open!.on)))
  list.children[open.on]?.scrollIntoView({ block: 'nearest' })
  t.setAttribute('aria-activedescendant', `ed-list-${open.on}`)
}

function take(i: number) {
  if (!open) return
  const { t, from, all } = open
  const text = all[i]!.insert + ' '
  const to = t.selectionEnd
  shut()
  apply(t, { from, to, text, start: from + text.length, end: from + text.length })
}

/** Looks whether what stands before the caret begins the name of somebody or something. */
async function suggest(t: Box) {
  const ed = editorOf(t)
  const write = ed?.dataset.write
  if (!write || t.selectionStart !== t.selectionEnd) { shut(); return }
  const before = t.value.slice(0, t.selectionStart)
  const person = /(?:^|[\s(])@([\p{L}\p{N}][\p{L}\p{N} .'-]{0,30}|)$/u.exec(before)
  const thing = /(?:^|[\s(])#([\p{L}\p{N}][^\n#@]{0,40}|)$/u.exec(before) ?? /(?:^|[\s(])([A-Z][A-Z0-9]{0,9}-\d*)$/.exec(before)
  const m = person ?? thing
  if (!m) { shut(); return }
  const kind = person ? 'people' : 'things'
  const from = t.selectionStart - (m[0].length - m[0].search(/[@#A-Z]/))
  const mine = ++asked
  const address = new URL(write, location.href)
  address.pathname += '/' + kind
  address.searchParams.set('q', m[1]!.trim())
  try {
    const answer = await fetch(address, { headers: { Accept: 'application/json' } })
    if (mine !== asked || !answer.ok) return
    const all = await answer.json() as Suggestion[]
    if (mine !== asked || document.activeElement !== t) return
    if (all.some((s) => s.insert === before.slice(from))) shut() // it is written out already
    else show(t, from, kind, all)
  } catch { /* without an answer there are no suggestions */ }
}

// --- files ------------------------------------------------------------------

async function send(ed: HTMLElement, files: Iterable<File>) {
  const to = ed.dataset.files
  if (!to) return
  const t = boxOf(ed)
  for (const f of files) {
    const mark = `![Uploading ${f.name.replace(/[[\]()]/g, '')}…]()`
    insert(t, mark)
    let text = ''
    try {
      const body = new FormData()
      body.set('file', f, f.name)
      const answer = await fetch(to, { method: 'POST', body, headers: { Accept: 'application/json' } })
      const said = await answer.json() as { markdown?: string, detail?: string, errors?: { message: string }[] }
      if (answer.ok) text = said.markdown ?? ''
      else toast(`${f.name} was not attached: ${said.errors?.[0]?.message ?? said.detail ?? 'the server refused it'}`)
    } catch {
      toast(`${f.name} was not attached: there is no connection`)
    }
    const from = t.value.indexOf(mark)
    if (from < 0) continue // taken away meanwhile
    const { selectionStart: s, selectionEnd: e } = t
    const by = text.length - mark.length
    const shift = (n: number) => (n >= from + mark.length ? n + by : Math.min(n, from + text.length))
    t.setRangeText(text, from, from + mark.length)
    t.setSelectionRange(shift(s), shift(e))
    t.dispatchEvent(new Event('input', { bubbles: true }))
  }
}

function choose(ed: HTMLElement) {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.addEventListener('change', () => { void send(ed, input.files ?? []) })
  input.click()
}

// --- tools -------------------------------------------------------------------

async function preview(ed: HTMLElement, button: HTMLElement) {
  const t = boxOf(ed)
  const view = ed.querySelector<HTMLElement>('.ed-view')!
  const on = button.getAttribute('aria-pressed') !== 'true'
  if (on) {
    const address = new URL(ed.dataset.write ?? '', location.href)
    address.pathname += '/preview'
    const status = await ask('POST', address.pathname + address.search, { target: view, swap: 'innerHTML', body: new URLSearchParams({ text: t.value }) })
    if (status !== 200) { toast('There is no preview just now'); return }
    view.style.minHeight = `${t.offsetHeight}px`
  }
  button.setAttribute('aria-pressed', String(on))
  button.textContent = on ? 'Write' : 'Preview'
  view.hidden = !on
  t.hidden = on
  ed.querySelectorAll<HTMLButtonElement>('[data-md]:not([data-md="preview"], [data-md="discard"])').forEach((b) => { b.disabled = on })
  if (!on) t.focus()
}

/** Begins a mention or a link with its sign, on which the names come. */
function sign(t: Box, s: string) {
  const before = t.value.slice(0, t.selectionStart)
  insert(t, (before === '' || /[\s(]$/.test(before) ? '' : ' ') + s)
  void suggest(t)
}

function tool(ed: HTMLElement, button: HTMLElement) {
  const t = boxOf(ed)
  const c = chosen(t)
  switch (button.dataset.md) {
    case 'bold': apply(t, md.wrap(c, '**')); break
    case 'italic': apply(t, md.wrap(c, '*')); break
    case 'code': apply(t, md.code(c)); break
    case 'link': apply(t, md.link(c)); break
    case 'table': apply(t, md.table(c)); break
    case 'person': sign(t, '@'); break
    case 'thing': sign(t, '#'); break
    case 'file': choose(ed); break
    case 'preview': void preview(ed, button); break
    case 'discard': discard(ed); break
    default: apply(t, md.lead(c, button.dataset.md ?? ''))
  }
}

document.addEventListener('click', (e) => {
  const button = closest(e.target, '[data-editor] [data-md]')
  const ed = editorOf(button)
  if (button && ed) tool(ed, button)
})

document.addEventListener('pointerdown', (e) => {
  if (open && !open.list.contains(e.target as Node) && e.target !== open.t) shut()
})

function key(e: KeyboardEvent, t: Box): boolean {
  const plain = !e.ctrlKey && !e.metaKey && !e.altKey
  if (open?.t === t && plain) {
    switch (e.key) {
      case 'ArrowDown': move(1); return true
      case 'ArrowUp': move(-1); return true
      case 'Enter': case 'Tab': take(open.on); return true
      case 'Escape': shut(); return true
    }
  }
  const c = chosen(t)
  if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey) {
    switch (e.key.toLowerCase()) {
      case 'b': return apply(t, md.wrap(c, '**'))
      case 'i': return apply(t, md.wrap(c, '*'))
      case 'k': return apply(t, md.link(c))
      case 'enter': t.form?.requestSubmit(); return true
    }
  }
  if (e.key === 'Enter' && plain && !e.shiftKey) return apply(t, md.newline(c))
  if (e.key === 'Tab' && plain) return apply(t, md.indent(c, e.shiftKey)) // outside lists Tab goes on
  if (e.key === 'Escape' && plain) {
    const cancel = t.form?.querySelector<HTMLElement>('[data-cancel]')
    cancel?.click()
    return cancel !== null && cancel !== undefined
  }
  return false
}

document.addEventListener('keydown', (e) => {
  if (e.isComposing || !(e.target instanceof HTMLTextAreaElement) || !editorOf(e.target)) return
  if (key(e, e.target)) { e.preventDefault(); e.stopPropagation() }
}, true)

document.addEventListener('input', (e) => {
  const ed = editorOf(e.target)
  if (!ed || !(e.target instanceof HTMLTextAreaElement)) return
  ready(ed)
  draft(ed)
  void suggest(e.target)
})

document.addEventListener('focusout', (e) => {
  if (open && e.target === open.t) shut()
})

document.addEventListener('paste', (e) => {
  const ed = editorOf(e.target)
  const data = e.clipboardData
  if (!ed || !data || !(e.target instanceof HTMLTextAreaElement)) return
  const t = e.target
  const html = data.getData('text/html')
  const text = data.getData('text/plain')
  if (data.files.length > 0 && ed.dataset.files && !text) { // a sheet's cells come with a picture of them too
    e.preventDefault()
    void send(ed, data.files)
    return
  }
  const address = text.trim()
  if (t.selectionStart !== t.selectionEnd && /^https?:\/\/\S+$/.test(address)) {
    e.preventDefault()
    const words = t.value.slice(t.selectionStart, t.selectionEnd)
    insert(t, `[${words}](${address})`)
    return
  }
  if (html && md.rich(html)) {
    const made = md.fromHTML(html)
    if (made && made !== text.trim()) {
      e.preventDefault()
      insert(t, made)
    }
  }
})

document.addEventListener('dragover', (e) => {
  const ed = editorOf(e.target)
  if (!ed?.dataset.files || !e.dataTransfer?.types.includes('Files')) return
  e.preventDefault()
  ed.classList.add('drop')
})

document.addEventListener('dragleave', (e) => { editorOf(e.target)?.classList.remove('drop') })

document.addEventListener('drop', (e) => {
  const ed = editorOf(e.target)
  if (!ed?.dataset.files || !e.dataTransfer?.files.length) return
  e.preventDefault()
  ed.classList.remove('drop')
  void send(ed, e.dataTransfer.files)
})

// Files dropped on the section of files, or chosen there, are sent from the page that stays.
async function upload(form: HTMLFormElement, files: FileList | null) {
  const body = new FormData()
  for (const f of files ?? []) body.append('file', f, f.name)
  if (![...body.keys()].length || form.hasAttribute('data-sending')) return
  form.toggleAttribute('data-sending', true)
  const status = await ask('POST', form.action, { target: '#toasts', swap: 'beforeend', body })
  form.removeAttribute('data-sending')
  if (status === 0) toast('Not attached: there is no connection')
  if (status < 200 || status >= 300) return
  form.reset()
  await refresh()
}

const uploads = (t: EventTarget | null) => closest(t, '#files')?.querySelector<HTMLFormElement>('form[data-upload]')

document.addEventListener('submit', (e) => {
  const form = e.target
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute('data-upload')) return
  e.preventDefault()
  void upload(form, form.querySelector<HTMLInputElement>('input[type="file"]')!.files)
})

document.addEventListener('dragover', (e) => {
  const form = uploads(e.target)
  if (!form || !e.dataTransfer?.types.includes('Files')) return
  e.preventDefault()
  form.classList.add('drop')
})

document.addEventListener('dragleave', (e) => { uploads(e.target)?.classList.remove('drop') })

document.addEventListener('drop', (e) => {
  const form = uploads(e.target)
  if (!form || !e.dataTransfer?.files.length) return
  e.preventDefault()
  form.classList.remove('drop')
  void upload(form, e.dataTransfer.files)
})

// --- forms -------------------------------------------------------------------

/** Sends a form from the page that stays. A refusal brings the form back with what was typed. */
async function submit(form: HTMLFormElement, submitter: HTMLElement | null) {
  const editors = [...form.querySelectorAll<HTMLElement>('[data-editor]')]
  form.toggleAttribute('data-sending', true)
  const to = submitter instanceof HTMLButtonElement && submitter.hasAttribute('formaction') ? submitter.formAction : form.action
  const status = await ask('POST', to, { target: '#toasts', swap: 'beforeend', body: sent(form, submitter) })
  form.removeAttribute('data-sending')
  if (status === 0) toast('Not saved: there is no connection. The text is kept here')
  if (status < 200 || status >= 300) return
  for (const ed of editors) if (ed.dataset.draft) dropDraft(ed.dataset.draft)
  release(form)
  form.reset()
  for (const ed of editors) {
    bases.delete(ed)
    const note = ed.querySelector<HTMLElement>('.ed-draft')
    if (note) note.hidden = true
    const pressed = ed.querySelector<HTMLElement>('[data-md="preview"][aria-pressed="true"]')
    if (pressed) void preview(ed, pressed)
  }
  await refresh()
}

/** Lets the page make new what an editor stood in. */
function release(form: HTMLElement) {
  const held = form.closest<HTMLElement>('[data-in-place]')
  if (!held) return
  held.removeAttribute('data-hold')
  held.querySelectorAll('[data-hold]').forEach((h) => h.removeAttribute('data-hold'))
}

document.addEventListener('submit', (e) => {
  const form = e.target
  if (!(form instanceof HTMLFormElement) || !form.querySelector('[data-editor]') || e.defaultPrevented) return
  if (form.hasAttribute('data-post')) {
    e.preventDefault()
    if (!form.hasAttribute('data-sending')) void submit(form, e.submitter)
    return
  }
  sendDrafts([...form.querySelectorAll<HTMLElement>('[data-editor][data-draft]')].map((ed) => ed.dataset.draft!))
}, true)

document.addEventListener('click', (e) => {
  const cancel = closest(e.target, '[data-in-place] [data-cancel]')
  const form = cancel?.closest('form')
  if (!cancel || !form) return
  e.preventDefault()
  const kept = [...form.querySelectorAll<HTMLElement>('[data-editor]')].some((ed) => ed.dataset.draft && boxOf(ed).value !== saved(ed))
  const back = form.closest<HTMLElement>('[data-in-place]')?.id
  release(form)
  void refresh().then(() => {
    if (back) at(`[data-edits="${CSS.escape(back)}"]`)?.focus()
    if (kept) toast('The draft is kept until you come back to it')
  })
})

// A click on a text that may be written opens it, unless it is on something in it or chooses words.
document.addEventListener('click', (e) => {
  const text = closest(e.target, '[data-edit-by]')
  if (!text || closest(e.target, 'a, button, summary, input, label') || e.defaultPrevented) return
  if (getSelection()?.toString()) return
  at(`#${CSS.escape(text.dataset.editBy ?? '')}`)?.click()
})

/** Makes the editors of the page ready, and those that come later. */
export function watchEditors() {
  settleDrafts()
  const all = () => document.querySelectorAll<HTMLElement>('[data-editor]').forEach((ed) => {
    if (bases.has(ed)) return
    ready(ed)
    if (ed.closest('[data-in-place]')) {
      const t = boxOf(ed)
      t.focus({ preventScroll: true })
      t.setSelectionRange(t.value.length, t.value.length)
    }
  })
  all()
  new MutationObserver((changes) => {
    if (changes.some((c) => c.addedNodes.length > 0)) all()
  }).observe(document.body, { childList: true, subtree: true })
}
