// Runs Apollo Gateway and Hive Gateway in front of the server and of a second subgraph that references its photos:
// node routers.mjs <graphql url> <token> <cases.json>; prints a line of JSON with, for each router, its answer, the requests
// that the server received, the answer to a query over both subgraphs, and the answer without a token.
// Cases: {ids, fields, crossSubgraph}.
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway'
import { composeServices } from '@apollo/composition'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { createGatewayRuntime } from '@graphql-hive/gateway'
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { graphql, parse } from 'graphql'

const [url, token, casesFile] = process.argv.slice(2)
const { ids, fields, crossSubgraph } = JSON.parse(readFileSync(casesFile, 'utf8'))
const authorization = `Bearer ${token}`
const requests = []

const storiesOf = (customer) => parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { story: Story }
  type Story { title: String photos: [Photo] }
  type Photo @key(fields: "id") { id: ID! stars: Int }
  ${customer ? 'type Customer @key(fields: "externalId") { externalId: String plan: String }' : ''}
`)

const listening = (handle) => new Promise((resolve) => {
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const [status, body] = await handle(JSON.parse(Buffer.concat(chunks).toString()), request.headers)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}/`))
})

// A proxy between router and server that records the requests.
const server = await listening(async (body, headers) => {
  requests.push({ query: body.query, representations: body.variables?.representations ?? Object.values(body.variables ?? {})[0] })
  const sent = { 'content-type': 'application/json', accept: headers.accept ?? '*/*', ...(headers.authorization && { authorization: headers.authorization }) }
  const response = await fetch(url, { method: 'POST', headers: sent, body: JSON.stringify(body) })
  return [response.status, await response.text()]
})
const sdl = (await (await fetch(url, {
  method: 'POST', headers: { 'content-type': 'application/json', authorization },
  body: JSON.stringify({ query: '{ _service { sdl } }' }),
})).json()).data._service.sdl
const stories = storiesOf(/^type Customer /m.test(sdl))
const storiesSchema = buildSubgraphSchema({
  typeDefs: stories,
  resolvers: {
    Query: { story: () => ({ title: 'A story', photos: ids.map((id) => ({ id })) }) },
    Photo: { __resolveReference: ({ id }) => ({ id, stars: 1 }) },
    Customer: { __resolveReference: ({ externalId }) => ({ externalId, plan: 'family' }) },
  },
})
const second = await listening(async ({ query, variables }) => {
  const answer = await graphql({ schema: storiesSchema, source: query, variableValues: variables })
  return [200, JSON.stringify(answer)]
})
const composed = composeServices([
  { name: 'photos', url: server, typeDefs: parse(sdl) },
  { name: 'stories', url: second, typeDefs: stories },
])
if (composed.errors) throw new Error(composed.errors.map(({ message }) => message).join('\n'))

const query = `{ story { title photos { ${fields} } } }`
const report = {}

const reportOf = async (send) => {
  requests.length = 0
  const answer = await send(query, authorization)
  const received = requests.splice(0)
  return { answer, requests: received, crossSubgraph: await send(crossSubgraph, authorization), withoutToken: await send(crossSubgraph) }
}

{
  class Source extends RemoteGraphQLDataSource {
    willSendRequest({ request, context }) {
      if (context.authorization) request.http.headers.set('authorization', context.authorization)
    }
  }
  const quiet = { debug() {}, info() {}, warn() {}, error: console.error }
  const gateway = new ApolloGateway({ supergraphSdl: composed.supergraphSdl, buildService: ({ url }) => new Source({ url }), logger: quiet })
  const { executor } = await gateway.load()
  report.apollo = await reportOf(async (text, authorization) => {
    const document = parse(text)
    const { data, errors } = await executor({
      document, request: { query: text, variables: {} }, operationName: null, operation: document.definitions[0],
      queryHash: text, context: { authorization }, cache: new Map(), schema: gateway.schema, logger: quiet, metrics: {},
      overallCachePolicy: {}, source: text,
    })
    return { data, errors }
  })
  await gateway.stop()
}
{
  const gateway = createGatewayRuntime({
    supergraph: composed.supergraphSdl, logging: false,
    propagateHeaders: { fromClientToSubgraphs: ({ request }) => ({ authorization: request.headers.get('authorization') }) },
  })
  report.hive = await reportOf(async (text, authorization) => {
    const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
    const response = await gateway.fetch('http://router/graphql', { method: 'POST', headers, body: JSON.stringify({ query: text }) })
    return response.json()
  })
  await gateway[Symbol.asyncDispose]?.()
}
console.log(JSON.stringify(report))
process.exit(0)
