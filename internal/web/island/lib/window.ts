// A long list: the page holds a window of its lines, and what is above and below is as
// high as it would be. Whoever scrolls there is sent the lines for it in time.

import { at } from './dom'
import { ask } from './htmx'

const least = 20
const most = 300

let loading = false

interface Window {
  list: HTMLElement
  scroller: HTMLElement
  above: HTMLElement
  below: HTMLElement
  first: number // of the lines that are there
  loaded: number
  total: number
  row: number // the height of a line, in pixels
}

function read(): Window | null {
  const list = at('.tw[data-window]')
  const above = list?.querySelector<HTMLElement>('#gap-above')
  const below = list?.querySelector<HTMLElement>('#gap-below')
  const scroller = list?.closest<HTMLElement>('.page')
  if (!list || !above || !below || !scroller) return null
  const first = Number(above.dataset.lines)
  const total = Number(list.dataset.total)
  const line = list.querySelector<HTMLElement>('tr[data-row]') ?? list.querySelector<HTMLElement>('tr.grp')
  return { list, scroller, above, below, first, total, loaded: total - first - Number(below.dataset.lines), row: line?.getBoundingClientRect().height || 32 }
}

/** Makes what is not there as high as its lines are on this screen. */
function size() {
  const w = read()
  if (!w) return
  for (const gap of [w.above, w.below]) {
    const line = gap.querySelector('tr')
    const height = Math.round(Number(gap.dataset.lines) * w.row)
    if (line && Math.abs(line.getBoundingClientRect().height - height) > 1) line.style.setProperty('height', `${height}px`)
  }
}

/** The lines between which the page is scrolled to; only near where it is loaded exactly. */
function visible(w: Window): [number, number] {
  const top = w.scroller.getBoundingClientRect().top
  const from = w.above.getBoundingClientRect().bottom - top // where what is there begins
  const to = w.below.getBoundingClientRect().top - top
  const line = (y: number) => (y > to ? w.first + w.loaded + (y - to) / w.row : w.first + (y - from) / w.row)
  return [line(0), line(w.scroller.clientHeight)]
}

async function check() {
  const w = read()
  if (!w || loading) return
  const [a, b] = visible(w)
  const screen = Math.ceil(w.scroller.clientHeight / w.row)
  const end = w.first + w.loaded
  const short = (a - screen / 2 < w.first && w.first > 0) || (b + screen / 2 > end && end < w.total)
  if (!short || w.row === 0) return
  const lines = Math.min(most, Math.max(least, Math.ceil(screen * 3 / 10) * 10))
  const first = Math.max(0, Math.min(Math.floor(a) - screen, w.total - lines))
  if (first === Number(w.list.dataset.first) && lines === Number(w.list.dataset.count)) return
  const address = new URL(w.list.dataset.window ?? '', location.href)
  address.searchParams.set('from', String(first))
  address.searchParams.set('lines', String(lines))
  address.searchParams.set('only', 'rows')
  loading = true
  const current = w.list.querySelector<HTMLElement>('tr.cur')?.dataset.id
  const status = await ask('GET', address.pathname + address.search, { target: w.list, swap: 'outerMorph' }).catch(() => 0)
  loading = false
  if (current) document.getElementById(`r-${current}`)?.classList.add('cur')
  if (status === 200) void check() // where it was scrolled to meanwhile
}

let asked = false

function soon() {
  if (asked) return
  asked = true
  requestAnimationFrame(() => {
    asked = false
    void check()
  })
}

let resting = 0

/** Notes where the page is, for who comes back to it. */
function note(scroller: HTMLElement) {
  clearTimeout(resting)
  resting = setTimeout(() => {
    history.replaceState({ ...(history.state as object | null), top: scroller.scrollTop }, '')
  }, 200)
}

document.addEventListener('scroll', (e) => {
  if (!(e.target instanceof HTMLElement) || !e.target.matches('.page') || !at('.tw[data-window]')) return
  note(e.target)
  soon()
}, { capture: true, passive: true })

document.addEventListener('refreshed', soon)
addEventListener('resize', () => { size(); soon() })

/** Keeps long lists in their windows. */
export function watchWindow() {
  const page = at('.page')
  if (!page) return
  // before the next picture, so that nothing jumps
  new MutationObserver(size).observe(page, { subtree: true, childList: true, attributeFilter: ['data-lines'] })
  size()
  const was = (history.state as { top?: number } | null)?.top
  if (was && at('.tw[data-window]')) page.scrollTop = was
  void check()
}
