// The editor of formulas: a click on a name puts it where the caret is, or was.

import { at, closest } from './lib/dom'

document.addEventListener('click', (e) => {
  const on = closest(e.target, '[data-insert]')
  const field = at<HTMLInputElement>('#f-formula')
  if (!on || !field) return
  const { selectionStart, selectionEnd, value } = field
  const from = selectionStart ?? value.length
  const to = selectionEnd ?? from
  const name = (from > 0 && /[\w.]$/.test(value.slice(0, from)) ? ' ' : '') + (on.dataset.insert ?? '')
  field.focus()
  field.setRangeText(name, from, to, 'end')
  field.dispatchEvent(new Event('input', { bubbles: true }))
})
