// Runs the audits of the npm package graphql-http: node audits.mjs <url> [token].
// Prints one line for each audit, then a line of JSON with the totals.
import { auditServer } from 'graphql-http'

const [url, token] = process.argv.slice(2)
const results = await auditServer({
  url,
  fetchFn: (address, init = {}) => {
    const headers = new Headers(init.headers)
    if (token) headers.set('authorization', `Bearer ${token}`)
    return fetch(address, { ...init, headers })
  },
})
for (const { status, id, name, reason } of results) console.log(status, id, name, reason ?? '')
console.log(JSON.stringify({ ok: results.filter(({ status }) => status === 'ok').length, all: results.length }))
