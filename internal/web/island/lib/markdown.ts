// What the tools and keys of an editor do to a text: functions from a text with a
// selection to the change that is to be made.

/** A change: the text between from and to becomes text, and then start to end is chosen. */
export interface Change { from: number, to: number, text: string, start: number, end: number }

/** A text and what of it is chosen. */
export interface Chosen { value: string, start: number, end: number }

const pick = (c: Chosen) => c.value.slice(c.start, c.end)

/** Puts marks around what is chosen, or takes them away. */
export function wrap(c: Chosen, mark: string): Change {
  const { value, start, end } = c
  const n = mark.length
  const inner = pick(c)
  if (value.slice(start - n, start) === mark && value.slice(end, end + n) === mark && value[start - n - 1] !== mark[0]) {
    return { from: start - n, to: end + n, text: inner, start: start - n, end: end - n }
  }
  if (inner.length > 2 * n && inner.startsWith(mark) && inner.endsWith(mark)) {
    return { from: start, to: end, text: inner.slice(n, -n), start, end: end - 2 * n }
  }
  const lead = inner.match(/^\s*/)![0].length // marks touch the words
  const tail = inner.trim() === '' ? 0 : inner.match(/\s*$/)![0].length
  const from = start + (inner.trim() === '' ? 0 : lead)
  const to = end - tail
  return { from, to, text: mark + value.slice(from, to) + mark, start: from + n, end: to + n }
}

/** Makes code of what is chosen: lines become a block. */
export function code(c: Chosen): Change {
  const inner = pick(c)
  if (!inner.includes('\n')) return wrap(c, '`')
  const text = '```\n' + inner.replace(/\n$/, '') + '\n```\n'
  return { from: c.start, to: c.end, text, start: c.start + 3, end: c.start + 3 }
}

/** The lines that what is chosen touches. */
function lines(c: Chosen): { from: number, to: number, all: string[] } {
  const from = c.value.lastIndexOf('\n', c.start - 1) + 1
  let to = c.value.indexOf('\n', Math.max(c.start, c.end - (c.value[c.end - 1] === '\n' ? 1 : 0)))
  if (to < 0) to = c.value.length
  return { from, to, all: c.value.slice(from, to).split('\n') }
}

const item = /^(\s*)(?:[-*+] \[[ xX]\] |[-*+] |\d{1,9}[.)] |> |#{1,6} )?/

const leads: Record<string, RegExp> = {
  heading: /^\s*#{1,6} /, list: /^\s*[-*+] (?!\[[ xX]\] )/, numbers: /^\s*\d{1,9}[.)] /, tasks: /^\s*[-*+] \[[ xX]\] /, quote: /^\s*> /,
}

/** Gives the lines that are chosen a beginning, or takes it away if all have it. */
export function lead(c: Chosen, kind: string): Change {
  const { from, to, all } = lines(c)
  const has = leads[kind]!
  const off = all.every((l) => has.test(l) || (l.trim() === '' && all.length > 1))
  const text = all.map((l, i) => {
    if (l.trim() === '' && all.length > 1) return l
    const [whole, indent = ''] = item.exec(l)!
    const rest = l.slice(whole.length)
    if (off) return indent + rest
    const mark = { heading: '## ', list: '- ', numbers: `${i + 1}. `, tasks: '- [ ] ', quote: '> ' }[kind]!
    return (kind === 'heading' ? '' : indent) + mark + rest
  }).join('\n')
  const single = all.length === 1
  const end = from + text.length
  return { from, to, text, start: single ? end : from, end }
}

/** Makes a link of what is chosen; of an address, its words are chosen next. */
export function link(c: Chosen): Change {
  const inner = pick(c)
  if (/^https?:\/\/\S+$/.test(inner)) {
    return { from: c.start, to: c.end, text: `[](${inner})`, start: c.start + 1, end: c.start + 1 }
  }
  const at = c.start + inner.length + 3
  return { from: c.start, to: c.end, text: `[${inner}](https://)`, start: at, end: at + 8 }
}

/** A table to fill in, on lines of its own. */
export function table(c: Chosen): Change {
  const before = c.start === 0 || c.value.slice(0, c.start).endsWith('\n\n') ? '' : c.value[c.start - 1] === '\n' ? '\n' : '\n\n'
  const text = `${before}| Column | Column |\n| --- | --- |\n|  |  |\n`
  const at = c.start + before.length + 2
  return { from: c.start, to: c.end, text, start: at, end: at + 6 }
}

/** What Enter does inside a list: the next item, or its end. null: what it always does. */
export function newline(c: Chosen): Change | null {
  if (c.start !== c.end) return null
  const from = c.value.lastIndexOf('\n', c.start - 1) + 1
  const before = c.value.slice(from, c.start)
  const m = /^(\s*)([-*+] \[[ xX]\] |[-*+] |(\d{1,9})([.)]) |> )/.exec(before)
  if (!m || before.length < m[0].length) return null
  const toEnd = c.value.indexOf('\n', c.start)
  const rest = c.value.slice(c.start, toEnd < 0 ? undefined : toEnd)
  if (before.length === m[0].length && rest.trim() === '') { // an empty item ends the list
    return { from, to: c.start, text: '', start: from, end: from }
  }
  const mark = m[3] ? `${Number(m[3]) + 1}${m[4]} ` : m[2]!.replace(/\[[xX]\]/, '[ ]')
  const text = '\n' + m[1] + mark
  return { from: c.start, to: c.start, text, start: c.start + text.length, end: c.start + text.length }
}

/** Moves the items of a list that are chosen in or out. null: there is none, or no way. */
export function indent(c: Chosen, out: boolean): Change | null {
  const { from, to, all } = lines(c)
  if (!all.every((l) => l.trim() === '' || /^\s*([-*+]|\d{1,9}[.)]) /.test(l))) return null
  if (out && !all.some((l) => /^\s/.test(l))) return null
  const text = all.map((l) => (out ? l.replace(/^( {1,4}|\t)/, '') : l.trim() === '' ? l : (/^\s*\d/.test(l) ? '   ' : '  ') + l)).join('\n')
  const shift = text.length - (to - from)
  const first = all[0]!.length
  const firstShift = text.split('\n')[0]!.length - first
  return { from, to, text, start: Math.max(from, c.start + firstShift), end: Math.max(from, c.end + shift) }
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'', nbsp: ' ' }

function plain(html: string): string {
  return html.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (all, dec?: string, hex?: string, name?: string) => {
    if (name) return entities[name.toLowerCase()] ?? all
    const n = dec ? Number(dec) : parseInt(hex!, 16)
    return n > 0 && n < 0x110000 ? String.fromCodePoint(n) : ''
  })
}

const silent = new Set(['script', 'style', 'head', 'title', 'template', 'noscript', 'svg'])

/**
 * Pasted HTML as Markdown: headings, lists, tables, links and emphasis; what else there is
 * becomes its words. Nothing is made of the HTML but a text.
 */
export function fromHTML(html: string): string {
  const body = /<!--StartFragment-->([\s\S]*?)<!--EndFragment-->/.exec(html)?.[1] ?? html
  let out = ''
  const lists: { ordered: boolean, n: number }[] = []
  const links: string[] = []
  let mute = 0, pre = 0, cells: string[] | null = null, rows = 0, cell: number | null = null
  const fresh = (n: number) => {
    if (out === '' || cell !== null) return
    out = out.replace(/[ \t]+$/, '')
    while (!out.endsWith('\n'.repeat(n))) out += '\n'
  }
  const words = (s: string) => {
    if (mute) return
    if (pre) { out += plain(s); return }
    let t = plain(s.replace(/\s+/g, ' '))
    if (/\n$|^$/.test(out)) t = t.trimStart()
    out += t
  }
  const endCell = () => {
    if (cell === null) return
    cells?.push(out.slice(cell).trim().replace(/\s*\n\s*/g, ' ').replace(/\|/g, '\\|'))
    out = out.slice(0, cell)
    cell = null
  }
  const endRow = () => {
    endCell()
    if (!cells?.length) return
    out += `| ${cells.join(' | ')} |\n`
    if (rows++ === 0) out += `|${' --- |'.repeat(cells.length)}\n`
    cells = null
  }
  for (const m of body.matchAll(/<!--[\s\S]*?-->|<(\/?)([a-z][a-z0-9:]*)((?:"[^"]*"|'[^']*'|[^'">])*)>|[^<]+|</gi)) {
    const name = m[2]?.toLowerCase()
    if (!name) { if (!m[0].startsWith('<!--')) words(m[0]); continue }
    const open = m[1] === '' && !m[3]!.endsWith('/')
    if (silent.has(name)) { mute = Math.max(0, mute + (m[1] ? -1 : open ? 1 : 0)); continue }
    if (mute) continue
    switch (name) {
      case 'br': out += cell !== null ? ' ' : '\n'; break
      case 'p': case 'div': case 'section': case 'article': if (lists.length === 0) fresh(name === 'p' ? 2 : 1); break
      case 'h1': case 'h2': case 'h3': case 'h4': case 'h5': case 'h6': fresh(2); if (open) out += '#'.repeat(Number(name[1])) + ' '; break
      case 'b': case 'strong': if (!/font-weight:\s*(normal|400)/.test(m[3]!)) out += '**'; break
      case 'i': case 'em': out += '*'; break
      case 's': case 'del': out += '~~'; break
      case 'code': if (!pre) out += '`'; break
      case 'pre': fresh(2); out += open ? '```\n' : ''; pre += open ? 1 : -1; if (!open) { fresh(1); out += '```\n\n' } break
      case 'blockquote': fresh(2); if (open) out += '> '; break
      case 'hr': fresh(2); out += '---\n\n'; break
      case 'a':
        if (open) {
          const href = plain(/href\s*=\s*("([^"]*)"|'([^']*)')/i.exec(m[3]!)?.slice(2).find((x) => x) ?? '')
          links.push(/^(https?:|mailto:)/i.test(href) ? href : '')
          if (links.at(-1)) out += '['
        } else {
          const href = links.pop()
          if (href) out += `](${href.replace(/[()\s]/g, encodeURIComponent)})`
        }
        break
      case 'ul': case 'ol':
        if (open) { if (lists.length === 0) fresh(2); lists.push({ ordered: name === 'ol', n: 0 }) } else { lists.pop(); fresh(lists.length ? 1 : 2) }
        break
      case 'li':
        if (open) {
          fresh(1)
          const l = lists.at(-1) ?? { ordered: false, n: 0 }
          out += '  '.repeat(Math.max(0, lists.length - 1)) + (l.ordered ? `${++l.n}. ` : '- ')
        }
        break
      case 'table': endRow(); fresh(2); rows = 0; break
      case 'tr': endRow(); if (open) cells = []; break
      case 'td': case 'th': endCell(); if (open) cell = out.length; break
    }
  }
  return out.replace(/(\*\*|~~)\s*\1/g, '').replace(/[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim()
}

/** Whether pasted HTML has more to it than its words. */
export function rich(html: string): boolean {
  return /<(table|ul|ol|h[1-6]|a\s[^>]*href|strong|em|b|i|blockquote|pre)[\s>]/i.test(html) && !/data-vscode|<meta[^>]+vscode/i.test(html)
}
