// The audits of npm graphql-http: node audits.mjs <url> [token]; prints one line for each and a line of JSON.
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
