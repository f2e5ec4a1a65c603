// The order made by hand: a row is dragged by its grip, or carried by Alt with the arrows
// and put down when Alt is let go.

import { at, closest } from './dom'
import { post } from './post'
import { refresh } from './refresh'

const tableOf = (row: HTMLElement) => row.closest<HTMLElement>('table[data-move]')

/** The next row of the same group, in one direction. */
function beside(row: HTMLElement, down: boolean): HTMLElement | null {
  const next = down ? row.nextElementSibling : row.previousElementSibling
  return next instanceof HTMLElement && next.matches('tr[data-row]') ? next : null
}

/** Tells the server where a row stands now. */
async function put(row: HTMLElement) {
  const to = tableOf(row)?.dataset.move
  if (!to) return
  const body = new URLSearchParams({ which: row.dataset.id ?? '' })
  const behind = beside(row, false)?.dataset.id
  const before = beside(row, true)?.dataset.id
  if (behind) body.set('behind', behind)
  if (before) body.set('before', before)
  if (!await post(to, body)) void refresh() // to where it was
}

const edge = 48 // from here to the end of the page it scrolls

function drag(row: HTMLElement) {
  const group = row.parentElement
  const scroller = row.closest<HTMLElement>('.page')
  let target: HTMLElement | null = null
  let below = false
  let pace = 0
  let last = 0
  const rows = () => [...(group?.querySelectorAll<HTMLElement>('tr[data-row]') ?? [])]
  const clear = () => rows().forEach((r) => r.classList.remove('drop-above', 'drop-below'))
  const aim = (y: number) => {
    clear()
    target = rows().find((r) => y < r.getBoundingClientRect().bottom) ?? rows().at(-1) ?? null
    if (!target || target === row) return
    const r = target.getBoundingClientRect()
    below = y > r.top + r.height / 2
    target.classList.add(below ? 'drop-below' : 'drop-above')
  }
  const move = (e: PointerEvent) => {
    last = e.clientY
    const r = scroller?.getBoundingClientRect()
    pace = !r ? 0 : last < r.top + edge ? -8 : last > r.bottom - edge ? 8 : 0
    aim(last)
  }
  const scroll = setInterval(() => {
    if (pace === 0) return
    scroller?.scrollBy(0, pace)
    aim(last)
  }, 16)
  const end = (e: Event) => {
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', end)
    removeEventListener('pointercancel', end)
    removeEventListener('keydown', stop)
    clearInterval(scroll)
    clear()
    row.classList.remove('lifted')
    const there = document.getElementById(row.id)
    if (e.type !== 'pointerup' || !target || target === row || !target.isConnected || !there) return
    if (below) target.after(there)
    else target.before(there)
    void put(there)
  }
  const stop = (k: KeyboardEvent) => { if (k.key === 'Escape') { k.preventDefault(); end(k) } }
  row.classList.add('lifted')
  addEventListener('pointermove', move)
  addEventListener('pointerup', end)
  addEventListener('pointercancel', end)
  addEventListener('keydown', stop)
}

document.addEventListener('pointerdown', (e) => {
  const row = closest(e.target, 'table[data-move] [data-grip]')?.closest<HTMLElement>('tr[data-row]')
  if (!row || e.button !== 0) return
  e.preventDefault()
  drag(row)
})

let carried: HTMLElement | null = null

document.addEventListener('keydown', (e) => {
  if (!e.altKey || e.ctrlKey || e.metaKey || (e.key !== 'ArrowUp' && e.key !== 'ArrowDown')) return
  const row = carried ?? (at('table[data-move] tr.cur') ?? closest(e.target, 'table[data-move] tr[data-row]'))
  if (!row || row.dataset.fixed !== undefined || !tableOf(row)) return
  e.preventDefault()
  const down = e.key === 'ArrowDown'
  const to = beside(row, down)
  if (!to) return
  const focused = document.activeElement
  if (down) to.after(row)
  else to.before(row)
  if (focused instanceof HTMLElement && row.contains(focused)) focused.focus({ preventScroll: true }) // moving took it away
  row.scrollIntoView({ block: 'nearest' })
  row.classList.add('lifted')
  carried = row
})

document.addEventListener('keyup', (e) => {
  if (e.key !== 'Alt' || !carried) return
  const row = carried
  carried = null
  row.classList.remove('lifted')
  void put(row)
})
