// Toasts go after ten seconds, but never while somebody points at them or is in them.

const stays = 10_000

function leave(t: HTMLElement) {
  setTimeout(() => {
    if (t.matches(':hover, :focus-within')) leave(t)
    else t.remove()
  }, stays)
}

/** Says something that only the browser knows: that the server does not answer. */
export function toast(text: string) {
  const t = document.createElement('div')
  t.className = 'toast'
  t.dataset.toast = ''
  const p = document.createElement('p')
  p.textContent = text
  t.append(p)
  document.getElementById('toasts')?.append(t)
}

/** Sends every toast away in time, those of the page and those that come later. */
export function watchToasts() {
  const box = document.getElementById('toasts')
  if (!box) return
  box.querySelectorAll<HTMLElement>('[data-toast]').forEach(leave)
  new MutationObserver((changes) => {
    for (const c of changes) {
      c.addedNodes.forEach((n) => { if (n instanceof HTMLElement && n.matches('[data-toast]')) leave(n) })
    }
  }).observe(box, { childList: true })
}
