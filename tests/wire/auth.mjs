// Composes the SDL with and without auth directives with two libraries, and sends queries through Hive Gateway, which enforces
// the directives: node auth.mjs <graphql url> <plain.graphql> <auth.graphql> <cases.json>; prints a line of JSON.
// Cases: {owner, queries, callers: {name: {scopes, policies}}}. The server always receives the owner's token, so only the router
// rejects requests. `forwarded` counts the requests that reached the server.
import { composeServices } from '@apollo/composition'
import { composeServices as guild } from '@theguild/federation-composition'
import { createGatewayRuntime } from '@graphql-hive/gateway'
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { parse } from 'graphql'

const [url, plainFile, authFile, casesFile] = process.argv.slice(2)
const { callers, queries, owner } = JSON.parse(readFileSync(casesFile, 'utf8'))
let forwarded = 0
const server = await new Promise((resolve) => {
  const proxy = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    forwarded += 1
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${owner}` }
    const answer = await fetch(url, { method: 'POST', headers, body: Buffer.concat(chunks) })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  }).listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${proxy.address().port}/`))
})

const report = { composed: {}, answers: {} }
let supergraph
for (const [name, file] of [['plain', plainFile], ['auth', authFile]]) {
  const service = { name: 'photos', url: server, typeDefs: parse(readFileSync(file, 'utf8')) }
  for (const [library, compose] of [['apollo', composeServices], ['guild', guild]]) {
    const { errors, supergraphSdl } = compose([service])
    report.composed[`${library} ${name}`] = {
      errors: (errors ?? []).map(({ message }) => message),
      keeps: ['data', 'tag', 'cost', 'listSize', 'requiresScopes', 'authenticated', 'policy'].filter((d) => supergraphSdl?.includes(`@${d}`)),
    }
    if (library === 'apollo' && name === 'auth') supergraph = supergraphSdl
  }
}

const gateway = createGatewayRuntime({
  supergraph, logging: false,
  genericAuth: {
    mode: 'protect-granular',
    resolveUserFn: ({ request }) => callers[request.headers.get('x-caller')],
    extractScopes: (user) => user?.scopes ?? [],
    extractPolicies: (user) => user?.policies ?? [],
  },
})
for (const caller of ['anonymous', ...Object.keys(callers)]) {
  report.answers[caller] = {}
  for (const [name, query] of Object.entries(queries)) {
    forwarded = 0
    const response = await gateway.fetch('http://router/graphql', {
      method: 'POST', headers: { 'content-type': 'application/json', 'x-caller': caller }, body: JSON.stringify({ query }),
    })
    report.answers[caller][name] = { answer: await response.json(), forwarded }
  }
}
await gateway[Symbol.asyncDispose]?.()
console.log(JSON.stringify(report))
process.exit(0)
