// The heads of a list: dragging one moves its column, dragging its edge makes the column
// wider or narrower. Alt with the arrows moves, Shift with the arrows sizes. Where columns
// stand and how wide they are is in the address.

import { closest } from './dom'
import { stay } from './stay'

const narrowest = 48
const titleLeast = 160 // of the column that takes what is left over

interface Shown { name: string, wide: number }

const tableOf = (head: HTMLElement) => head.closest<HTMLElement>('table[data-lay]')

function heads(table: HTMLElement): HTMLElement[] {
  return [...table.querySelectorAll<HTMLElement>('thead th[data-col]')]
}

function columns(table: HTMLElement): Shown[] {
  return heads(table).map((h) => ({ name: h.dataset.col ?? '', wide: Number(h.dataset.wide ?? 0) }))
}

/** Shows the list with its columns as they are now. */
function lay(table: HTMLElement, all: Shown[]) {
  const address = new URL(table.dataset.lay ?? '', location.href)
  address.searchParams.set('columns', all.map((c) => (c.wide > 0 ? `${c.name}:${Math.round(c.wide)}` : c.name)).join(','))
  void stay(address.pathname + address.search)
}

function place(table: HTMLElement, from: number, to: number) {
  const all = columns(table)
  const [moved] = all.splice(from, 1)
  if (!moved || to < 0 || to > all.length) return
  all.splice(to, 0, moved)
  if (all.some((c, i) => c.name !== heads(table)[i]?.dataset.col)) lay(table, all)
}

function resize(table: HTMLElement, head: HTMLElement, wide: number) {
  const all = columns(table)
  const hs = heads(table)
  const mine = all[hs.indexOf(head)]
  if (!mine) return
  mine.wide = wide === 0 ? 0 : Math.min(2000, Math.max(narrowest, wide))
  const flexible = hs.findIndex((h, i) => all[i]?.wide === 0 && h.classList.contains('m-ttl'))
  if (flexible >= 0 && (hs[flexible]?.offsetWidth ?? 0) < titleLeast) all[flexible]!.wide = titleLeast
  lay(table, all)
}

function column(table: HTMLElement, head: HTMLElement): HTMLElement | undefined {
  return table.querySelectorAll<HTMLElement>('colgroup col')[[...head.parentElement!.children].indexOf(head)]
}

function sizing(e: PointerEvent, head: HTMLElement, table: HTMLElement) {
  const start = e.clientX
  const was = head.offsetWidth
  const col = column(table, head)
  let wide = was
  const move = (m: PointerEvent) => {
    wide = Math.max(narrowest, was + m.clientX - start)
    col?.style.setProperty('width', `${wide}px`)
    table.classList.add('sizing')
  }
  const end = () => {
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', end)
    removeEventListener('pointercancel', end)
    table.classList.remove('sizing')
    if (wide !== was) resize(table, head, wide)
  }
  addEventListener('pointermove', move)
  addEventListener('pointerup', end)
  addEventListener('pointercancel', end)
}

let dragged = false // a click that ends a drag is none

function moving(e: PointerEvent, head: HTMLElement, table: HTMLElement) {
  const start = e.clientX
  const all = heads(table)
  const from = all.indexOf(head)
  let to = from
  let on = false
  const clear = () => all.forEach((h) => h.classList.remove('drop-before', 'drop-after', 'moving'))
  const move = (m: PointerEvent) => {
    if (!on && Math.abs(m.clientX - start) < 6) return
    on = true
    const under = all.findIndex((h) => { const r = h.getBoundingClientRect(); return m.clientX < r.right })
    const over = all[under < 0 ? all.length - 1 : under]!
    const r = over.getBoundingClientRect()
    const after = m.clientX > r.left + r.width / 2
    clear()
    head.classList.add('moving')
    over.classList.add(after ? 'drop-after' : 'drop-before')
    const at = all.indexOf(over) + (after ? 1 : 0)
    to = at > from ? at - 1 : at
  }
  const end = (m: Event) => {
    removeEventListener('pointermove', move)
    removeEventListener('pointerup', end)
    removeEventListener('pointercancel', end)
    removeEventListener('keydown', stop)
    clear()
    dragged = on
    setTimeout(() => { dragged = false })
    if (on && m.type === 'pointerup' && to !== from) place(table, from, to)
  }
  const stop = (k: KeyboardEvent) => { if (k.key === 'Escape') { k.preventDefault(); end(k) } }
  addEventListener('pointermove', move)
  addEventListener('pointerup', end)
  addEventListener('pointercancel', end)
  addEventListener('keydown', stop)
}

document.addEventListener('pointerdown', (e) => {
  const head = closest(e.target, 'table[data-lay] thead th[data-col]')
  const table = head && tableOf(head)
  if (!head || !table || e.button !== 0 || e.pointerType === 'touch') return
  if (closest(e.target, '[data-size]')) {
    e.preventDefault()
    sizing(e, head, table)
  } else {
    moving(e, head, table)
  }
})

document.addEventListener('dblclick', (e) => {
  const head = closest(e.target, 'table[data-lay] [data-size]')?.closest<HTMLElement>('th')
  const table = head && tableOf(head)
  if (head && table) resize(table, head, 0)
})

document.addEventListener('dragstart', (e) => { if (closest(e.target, 'table[data-lay] thead')) e.preventDefault() })

document.addEventListener('click', (e) => {
  if (dragged && closest(e.target, 'table[data-lay] thead')) { e.preventDefault(); e.stopPropagation() }
}, true)

document.addEventListener('keydown', (e) => {
  const head = closest(e.target, 'table[data-lay] thead th[data-col]')
  const table = head && tableOf(head)
  const by = { ArrowLeft: -1, ArrowRight: 1 }[e.key]
  if (!head || !table || !by || e.altKey === e.shiftKey || e.ctrlKey || e.metaKey) return
  e.preventDefault()
  if (e.altKey) {
    const from = heads(table).indexOf(head)
    place(table, from, from + by)
  } else {
    resize(table, head, head.offsetWidth + by * 16)
  }
})
