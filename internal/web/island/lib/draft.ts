// What was typed and not saved stays in the browser, under the name that the server gave
// the text. It goes when the text was saved, and when one signs out.

export interface Draft {
  text: string
  base: string // what stood there when it was begun
  at: number
}

const key = (name: string) => `draft:${name}`
const sent = 'draft-sent'

/** What was typed under the name and not saved. */
export function draftOf(name: string): Draft | null {
  try {
    const d: unknown = JSON.parse(localStorage.getItem(key(name)) ?? 'null')
    return d && typeof (d as Draft).text === 'string' ? d as Draft : null
  } catch {
    return null
  }
}

/** Keeps a draft; one that says what stands there already is none. */
export function keepDraft(name: string, text: string, base: string) {
  const draft: Draft = { text, base, at: Date.now() }
  try {
    if (text === base) localStorage.removeItem(key(name))
    else localStorage.setItem(key(name), JSON.stringify(draft))
  } catch { /* a full or forbidden store keeps nothing */ }
}

/** Forgets a draft. */
export function dropDraft(name: string) {
  try { localStorage.removeItem(key(name)) } catch { /* then there is none */ }
}

/** Notes that drafts go with a form which leads to another page. */
export function sendDrafts(names: string[]) {
  try { sessionStorage.setItem(sent, JSON.stringify(names)) } catch { /* then they stay and are offered again */ }
}

/** Forgets the drafts that were sent, unless their editors are here again: then they were refused. */
export function settleDrafts() {
  try {
    const names = JSON.parse(sessionStorage.getItem(sent) ?? '[]') as string[]
    sessionStorage.removeItem(sent)
    for (const name of names) {
      if (!document.querySelector(`[data-draft="${CSS.escape(name)}"]`)) dropDraft(name)
    }
  } catch { /* nothing was sent that is known of */ }
}

document.addEventListener('submit', (e) => {
  if (!(e.target instanceof HTMLFormElement) || !e.target.action.endsWith('/logout')) return
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith('draft:')) localStorage.removeItem(name)
  } catch { /* nothing was kept */ }
})
