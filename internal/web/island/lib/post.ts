// A write from a page that stays: the answer is a toast, and the page is made new.

import { sent } from './dom'
import { ask } from './htmx'
import { refresh } from './refresh'
import { toast } from './toast'

/**
 * Sends a form as the page's own forms do. The answer's toast says what was done, or why
 * it was not. Resolves to whether it was done; then the page is new already.
 */
export async function post(address: string, body: FormData | URLSearchParams): Promise<boolean> {
  const status = await ask('POST', address, { target: '#toasts', swap: 'beforeend', body })
  if (status === 0) toast('Not saved: there is no connection')
  const done = status >= 200 && status < 300
  if (done) await refresh()
  return done
}

// A form that says so is sent from the page that stays.
document.addEventListener('submit', (e) => {
  const form = e.target
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute('data-post') || e.defaultPrevented) return
  e.preventDefault()
  const { submitter } = e
  form.toggleAttribute('data-sending', true)
  // a button without an address of its own says that of the page
  const to = submitter instanceof HTMLButtonElement && submitter.hasAttribute('formaction') ? submitter.formAction : form.action
  void post(to, sent(form, submitter))
    .finally(() => form.removeAttribute('data-sending'))
})
