// The slider of days: one step is one day. It moves the field beside it; letting go shows
// the day.

import { at, closest } from './dom'

function slide(range: HTMLInputElement, done: boolean) {
  const field = at<HTMLInputElement>('#asof')
  const day = new Date(Date.parse(range.dataset.first + 'T00:00:00Z') + Number(range.value) * 864e5)
  const now = range.value === range.max
  const words = now ? 'Now' : day.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
  range.setAttribute('aria-valuetext', words)
  const shown = at<HTMLOutputElement>('.time output')
  if (shown) shown.value = words
  if (field) field.value = day.toISOString().slice(0, 10)
  if (!done) return
  if (now) at<HTMLAnchorElement>('#time-pop a[data-now]')?.click()
  else range.form?.requestSubmit()
}

/** Opens the menu of time with its field at hand, or closes it. */
export function openTime() {
  at('#time-pop')?.togglePopover()
  at<HTMLElement>('#asof')?.focus()
}

export function watchTime() {
  for (const event of ['input', 'change']) {
    document.addEventListener(event, (e) => {
      const range = closest(e.target, 'input[data-act="day"]')
      if (range) slide(range as HTMLInputElement, event === 'change')
    })
  }
}
