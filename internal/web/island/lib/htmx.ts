// What the islands use of htmx, which makes elements of the server's answers: its policy
// is the only one that may.

/** What htmx knows of a request when it tells of it. */
export interface Exchange {
  ctx: {
    request: { body: FormData | URLSearchParams }
    response?: { status: number, headers: Headers }
    status: string
  }
}

interface Htmx {
  ajax(method: string, address: string, context: {
    source?: Element, target?: Element | string, swap?: string, select?: string, headers?: Record<string, string>
  }): Promise<void>
  process(element: Element): void
}

declare global {
  interface Window { htmx: Htmx }
}

/**
 * Sends a request and puts the answer where the context says. Resolves to the status,
 * or to 0 if there was no answer. htmx tells of a request at the element it came from;
 * this one has an element of its own, so that nobody else's news is taken for it.
 */
export async function ask(method: string, address: string, context: {
  target: Element | string, swap: string, select?: string, body?: FormData | URLSearchParams, headers?: Record<string, string>
}): Promise<number> {
  const source = document.createElement('span')
  source.hidden = true
  document.body.append(source)
  let status = 0
  source.addEventListener('htmx:config:request', (e) => {
    if (context.body) (e as CustomEvent<Exchange>).detail.ctx.request.body = context.body
  })
  source.addEventListener('htmx:after:request', (e) => {
    status = (e as CustomEvent<Exchange>).detail.ctx.response?.status ?? 0
  })
  source.addEventListener('htmx:before:swap', (e) => {
    if (context.select && status >= 400) e.preventDefault() // a page of a failure has no such part
  })
  // who leaves the page cuts the request off, which is no error to tell of
  const leave = () => source.dispatchEvent(new Event('htmx:abort'))
  addEventListener('pagehide', leave)
  try {
    await window.htmx.ajax(method, address, {
      source, target: context.target, swap: context.swap,
      ...(context.select ? { select: context.select } : {}),
      ...(context.headers ? { headers: context.headers } : {}),
    })
  } finally {
    removeEventListener('pagehide', leave)
    source.remove()
  }
  return status
}
