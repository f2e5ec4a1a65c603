// The dialog that makes something from any page. The server answers with its form; what
// is typed is kept in this browser until it is created, so that nothing is lost by
// closing the dialog, by reloading or by a crash.

import { at, closest } from './dom'
import { ask } from './htmx'

type Typed = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement

const dialog = () => at<HTMLDialogElement>('#create')
const form = () => at<HTMLFormElement>('#create form#create-form')
const title = (f: HTMLFormElement) => f.querySelector<HTMLTextAreaElement>('.create-title')!
const text = (f: HTMLFormElement) => f.querySelector<HTMLTextAreaElement>('.create-text textarea')
const fields = (f: HTMLFormElement) => [...f.querySelectorAll<Typed>('[name]:not([name="template"])')]

/** The lines of a title, each of which becomes a thing of its own; as the server reads them. */
const marks = /^\s*(?:(?:[-*+•‣◦–—]|\[[ xX]?\]|\d{1,3}[.)])\s+)+/
function lines(typed: string): string[] {
  const all = typed.split(/[\r\n]+/).filter((l) => l.trim() !== '')
  return all.length < 2 ? all : all.map((l) => l.replace(marks, '').trim()).filter((l) => l !== '')
}

/** Keeps what is typed, unless it is nothing worth keeping. */
function keepDraft(f: HTMLFormElement) {
  const name = f.dataset.draft!
  if (title(f).value.trim() === '' && (text(f)?.value.trim() ?? '') === '') {
    localStorage.removeItem(name)
    return
  }
  localStorage.setItem(name, JSON.stringify(Object.fromEntries(fields(f).map((x) => [x.name, x.value]))))
}

function draftOf(f: HTMLFormElement): Record<string, string> | null {
  try {
    return JSON.parse(localStorage.getItem(f.dataset.draft!) ?? 'null') as Record<string, string> | null
  } catch {
    return null // not ours
  }
}

function fill(f: HTMLFormElement, values: Record<string, string>) {
  for (const x of fields(f)) {
    const value = values[x.name]
    if (value === undefined) continue
    const was = x.value
    x.value = value
    if (x.value !== value && x instanceof HTMLSelectElement) x.value = was // it is gone meanwhile
  }
}

/** Says how many things the title makes, and which fields the next one keeps. */
function preview(f: HTMLFormElement) {
  const all = lines(title(f).value)
  const many = f.querySelector<HTMLElement>('[data-many-preview]')!
  many.hidden = all.length < 2
  f.querySelector('[data-many-count]')!.textContent = `Creates ${all.length} ${f.dataset.many}`
  f.querySelector('[data-many-list]')!.replaceChildren(...all.slice(0, 8).map((l) => {
    const li = document.createElement('li')
    li.textContent = l
    return li
  }), ...(all.length > 8 ? [Object.assign(document.createElement('li'), { className: 'sub', textContent: `and ${all.length - 8} more` })] : []))
  const button = f.querySelector<HTMLButtonElement>('button[type="submit"]')!
  const label = [...button.childNodes].find((n) => n.nodeType === Node.TEXT_NODE && n.textContent!.trim() !== '')
  if (label) label.textContent = all.length > 1 ? `Create ${all.length} ${f.dataset.many}` : `Create ${f.dataset.one}`
  const kept = fields(f).filter((x) => x.dataset.label && x.value !== '').map((x) => x.dataset.label!.toLowerCase())
  f.querySelector('[data-kept]')!.textContent = kept.length > 0 ? `keeps ${kept.join(', ')}` : ''
}

/** Makes the dialog ready for typing. */
function begin(f: HTMLFormElement, more: boolean) {
  f.querySelector<HTMLInputElement>('[data-more]')!.checked = more
  preview(f)
  title(f).focus()
  title(f).setSelectionRange(title(f).value.length, title(f).value.length)
}

async function load(address: string, more = false, draft = true): Promise<HTMLFormElement | null> {
  const d = dialog()
  if (!d) return null
  const slow = setTimeout(() => { if (!d.open) d.showModal() }, 120)
  const status = await ask('GET', address, { target: d, swap: 'innerHTML' })
  clearTimeout(slow)
  const f = form()
  if (status !== 200 || !f) {
    d.close()
    return null
  }
  if (!d.open) d.showModal()
  const kept = draft ? draftOf(f) : null
  if (kept) fill(f, kept)
  f.querySelector<HTMLElement>('[data-draft-note]')!.hidden = !kept
  begin(f, more)
  return f
}

/** Opens the dialog; false if the page has none. */
export function openCreate(address: string): boolean {
  if (!dialog()) return false
  void load(address)
  return true
}

/** Shows the form for another kind, or from a template, with what is typed in it. */
async function reload(f: HTMLFormElement, select: HTMLSelectElement) {
  const address = new URL(f.action)
  const [was, wasText, more] = [title(f).value, text(f)?.value ?? '', moreIn(f)]
  const values = Object.fromEntries(fields(f).filter((x) => x.value !== '' && x !== text(f)).map((x) => [x.name, x.value]))
  if (select.dataset.reload === 'of') localStorage.removeItem(f.dataset.draft!) // it goes with the title
  else for (const [name, value] of Object.entries(values)) address.searchParams.set(name, value)
  address.searchParams.set(select.dataset.reload!, select.value)
  const next = await load(address.pathname + address.search, more, select.dataset.reload === 'of')
  if (!next) return
  if (select.dataset.reload === 'of' && was !== '') title(next).value = was
  const t = text(next)
  if (t && t.value === '') t.value = wasText
  keepDraft(next)
  begin(next, more)
}

const moreIn = (f: HTMLFormElement) => f.querySelector<HTMLInputElement>('[data-more]')!.checked

async function send(f: HTMLFormElement) {
  if (f.dataset.sending !== undefined) return
  const more = moreIn(f)
  f.dataset.sending = ''
  const body = new URLSearchParams()
  new FormData(f).forEach((value, name) => { if (typeof value === 'string') body.append(name, value) })
  const status = await ask('POST', f.action, { target: '#toasts', swap: 'beforeend', body })
  const now = form()
  if (now) delete now.dataset.sending
  if (status === 0 || status >= 500) {
    f.querySelector<HTMLElement>('[data-unsent]')!.hidden = false
    return
  }
  if (status < 200 || status >= 300) {
    if (now && now !== f) begin(now, more)
    now?.querySelector<Typed>('[aria-invalid]')?.focus()
    return
  }
  localStorage.removeItem(f.dataset.draft!)
  if (!more) {
    dialog()?.close()
    return
  }
  title(f).value = ''
  const t = text(f)
  if (t) t.value = ''
  f.querySelectorAll<HTMLElement>('[data-draft-note], [data-unsent], .err').forEach((n) => { n.hidden = true })
  f.querySelectorAll('[aria-invalid]').forEach((n) => n.removeAttribute('aria-invalid'))
  begin(f, true)
}

/** Listens to what is typed in the dialog. */
export function watchCreate() {
  document.addEventListener('input', (e) => {
    const f = closest(e.target, '#create form#create-form') as HTMLFormElement | null
    if (!f) return
    keepDraft(f)
    preview(f)
  })
  document.addEventListener('change', (e) => {
    const f = closest(e.target, '#create form#create-form') as HTMLFormElement | null
    if (f && e.target instanceof HTMLSelectElement && e.target.dataset.reload) void reload(f, e.target)
  })
  document.addEventListener('submit', (e) => {
    const f = e.target
    if (!(f instanceof HTMLFormElement) || f !== form()) return
    e.preventDefault()
    void send(f)
  })
  document.addEventListener('click', (e) => {
    const f = closest(e.target, '#create form#create-form') as HTMLFormElement | null
    if (!f || !closest(e.target, '[data-act="discard"]')) return
    localStorage.removeItem(f.dataset.draft!)
    void load(f.action, moreIn(f))
  })
  document.addEventListener('keydown', (e) => {
    const f = closest(e.target, '#create form#create-form') as HTMLFormElement | null
    if (!f || e.key !== 'Enter' || e.isComposing) return
    if (e.ctrlKey || e.metaKey) {
      e.preventDefault()
      f.requestSubmit()
    } else if (e.target === title(f) && !e.shiftKey) {
      e.preventDefault() // lines come from pasting, or with Shift
      ;(text(f) ?? f.querySelector<HTMLElement>('.create-fields [name]'))?.focus()
    }
  })
}
