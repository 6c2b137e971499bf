// The demo's callers, fetched from the server and renewed before their tokens expire.
const MARGIN_MS = 60_000
const SHORTEST_MS = 5_000
const LONGEST_MS = 2 ** 31 - 1 // longer timers fire immediately

export class Identities {
  constructor(address, changed) {
    this.address = address
    this.changed = changed
    this.list = []
    this.chosen = sessionStorage.getItem('who') ?? ''
  }

  get current() {
    return this.list.find(({ name }) => name === this.chosen)
  }

  choose(name) {
    this.chosen = name
    sessionStorage.setItem('who', name)
    this.changed()
  }

  // Resolves when the first list is loaded. A server without a demo has no list; the page works without it.
  async refresh() {
    const list = await fetched(this.address)
    if (list) this.list = list
    if (!this.current) this.chosen = this.list[0]?.name ?? ''
    this.changed()
    this.#later()
  }

  #later() {
    const expiries = this.list.map(({ expiresAt }) => Date.parse(expiresAt)).filter(Number.isFinite)
    if (!expiries.length) return
    const wait = Math.min(...expiries) - Date.now() - MARGIN_MS
    setTimeout(() => this.refresh(), Math.min(Math.max(wait, SHORTEST_MS), LONGEST_MS))
  }
}

// A suspended computer runs no timers, so an expired token is renewed before it is sent.
export async function fresh(identities) {
  const { current } = identities
  if (current?.expiresAt && Date.parse(current.expiresAt) < Date.now() + SHORTEST_MS) await identities.refresh()
  return identities.current
}

async function fetched(address) {
  try {
    const response = await fetch(address, { headers: { accept: 'application/json' } })
    const list = response.ok ? await response.json() : null
    return Array.isArray(list) ? list : null
  } catch {
    return null
  }
}
