// What others change appears on the page, and who else looks at it. The stream says only
// that something changed; the page then reads itself again. A hidden tab closes its
// stream, and catches up when it is seen again.

import { at } from './dom'
import { refresh } from './refresh'

interface Change { seq: number, kinds: string[], touched?: string[] }
interface Guest { name: string, initial: string, hue: number }

let stream: EventSource | null = null
let known = 0 // the position that the page shows

const shell = () => at('.shell[data-live]')

function position(): number {
  return Math.max(known, Number(shell()?.dataset.seq ?? 0))
}

function show(guests: Guest[]) {
  at('#company')?.replaceChildren(...guests.map((g) => {
    const av = document.createElement('span')
    av.className = `av av-${g.hue}`
    av.title = `${g.name} is here too`
    av.textContent = g.initial
    return av
  }))
  const said = at('#company-said')
  if (said) said.textContent = guests.length ? `Also here: ${guests.map((g) => g.name).join(', ')}` : ''
}

let lost = 0 // when the stream was lost, for as long as it is

function connected(yes: boolean) {
  const note = document.getElementById('offline')
  if (!note) return
  if (yes) {
    lost = 0
    note.hidden = true
    return
  }
  lost ||= setTimeout(() => { if (lost) note.hidden = false }, navigator.onLine ? 3000 : 0)
}

function open() {
  const on = shell()
  if (!on || stream || document.hidden) return
  const address = new URL(on.dataset.live ?? '', location.href)
  address.searchParams.set('from', String(position()))
  stream = new EventSource(address)
  stream.addEventListener('open', () => {
    clearTimeout(lost)
    connected(true)
  })
  stream.addEventListener('change', (e) => {
    const c = JSON.parse((e as MessageEvent<string>).data) as Change
    if (c.seq <= position()) return // ours, and seen already
    known = c.seq
    document.dispatchEvent(new CustomEvent('changed', { detail: c }))
    void refresh()
  })
  stream.addEventListener('news', () => { void refresh() }) // the inbox has changed
  stream.addEventListener('company', (e) => show(JSON.parse((e as MessageEvent<string>).data) as Guest[]))
  stream.addEventListener('error', () => {
    connected(false)
    if (stream?.readyState !== EventSource.CLOSED) return // it tries again by itself
    close()
    setTimeout(open, 5000)
  })
}

function close() {
  stream?.close()
  stream = null
}

/** Follows the workspace as long as the page can be seen. */
export function follow() {
  if (!shell()) return
  open()
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) close()
    else open()
  })
  addEventListener('pagehide', close)
  addEventListener('pageshow', open)
  addEventListener('offline', () => connected(false))
  addEventListener('online', () => { close(); open() })
}
