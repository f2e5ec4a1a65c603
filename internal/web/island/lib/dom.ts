// The few words for the document that every island uses.

/** The first element that fits. */
export function at<T extends HTMLElement = HTMLElement>(selector: string): T | null {
  return document.querySelector<T>(selector)
}

/** The element, or the nearest around it, that fits. */
export function closest(target: EventTarget | null, selector: string): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>(selector) : null
}

/** Keeps a preference of this browser for a year; '' forgets it. */
export function keep(name: string, value: string) {
  const age = value === '' ? 0 : 31536000
  const secure = location.protocol === 'https:' ? '; secure' : ''
  document.cookie = `${name}=${value}; path=/; max-age=${age}; samesite=lax${secure}`
}

/** What a form sends when it is sent by the submitter. */
export function sent(form: HTMLFormElement, submitter: HTMLElement | null): FormData {
  const data = new FormData(form)
  if (submitter instanceof HTMLButtonElement && submitter.name) data.append(submitter.name, submitter.value)
  return data
}
