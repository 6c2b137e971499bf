// Who can ask: the demo's identities, fetched from our own server and renewed before their tokens expire.
const MARGIN_MS = 60_000
const SHORTEST_MS = 5_000
const LONGEST_MS = 2 ** 31 - 1 // a timer that is longer fires at once

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

  // Resolves when the first list is there; a server without a demo has none, and the page works on.
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

// A sleeping laptop runs no timers: a token that has expired meanwhile is renewed before it is sent.
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
