// Apollo Gateway and Hive Gateway in front of the server and of a second subgraph that holds references to its photos:
// node routers.mjs <graphql url> <token> <ids.json> <fields of Photo>; prints a line of JSON for both:
// what came back, how many requests the server got, and what each asked for.
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway'
import { composeServices } from '@apollo/composition'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { createGatewayRuntime } from '@graphql-hive/gateway'
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { graphql, parse } from 'graphql'

const [url, token, idsFile, fields] = process.argv.slice(2)
const ids = JSON.parse(readFileSync(idsFile, 'utf8'))
const authorization = `Bearer ${token}`
const asked = []

const stories = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { story: Story }
  type Story { title: String photos: [Photo] }
  type Photo @key(fields: "id", resolvable: false) { id: ID! }
`)
const storiesSchema = buildSubgraphSchema({
  typeDefs: stories,
  resolvers: { Query: { story: () => ({ title: 'A story', photos: ids.map((id) => ({ id })) }) } },
})

const listening = (handle) => new Promise((resolve) => {
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const [status, body] = await handle(JSON.parse(Buffer.concat(chunks).toString()), request.headers)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}/`))
})

// Between router and server, to count what goes by.
const server = await listening(async (body, headers) => {
  asked.push({ query: body.query, representations: body.variables?.representations ?? Object.values(body.variables ?? {})[0] })
  const sent = { 'content-type': 'application/json', accept: headers.accept ?? '*/*', authorization: headers.authorization ?? '' }
  const response = await fetch(url, { method: 'POST', headers: sent, body: JSON.stringify(body) })
  return [response.status, await response.text()]
})
const second = await listening(async ({ query, variables }) => {
  const answer = await graphql({ schema: storiesSchema, source: query, variableValues: variables })
  return [200, JSON.stringify(answer)]
})

const sdl = (await (await fetch(url, {
  method: 'POST', headers: { 'content-type': 'application/json', authorization },
  body: JSON.stringify({ query: '{ _service { sdl } }' }),
})).json()).data._service.sdl
const composed = composeServices([
  { name: 'photos', url: server, typeDefs: parse(sdl) },
  { name: 'stories', url: second, typeDefs: stories },
])
if (composed.errors) throw new Error(composed.errors.map(({ message }) => message).join('\n'))

const query = `{ story { title photos { ${fields} } } }`
const told = {}

asked.length = 0
{
  class Source extends RemoteGraphQLDataSource {
    willSendRequest({ request }) { request.http.headers.set('authorization', authorization) }
  }
  const quiet = { debug() {}, info() {}, warn() {}, error: console.error }
  const gateway = new ApolloGateway({ supergraphSdl: composed.supergraphSdl, buildService: ({ url }) => new Source({ url }), logger: quiet })
  const { executor } = await gateway.load()
  const answer = await executor({
    document: parse(query), request: { query, variables: {} }, operationName: null, operation: parse(query).definitions[0],
    queryHash: 'x', context: {}, cache: new Map(), schema: gateway.schema, logger: quiet, metrics: {}, overallCachePolicy: {},
    source: query,
  })
  told.apollo = { answer: { data: answer.data, errors: answer.errors }, asked: asked.splice(0) }
  await gateway.stop()
}
{
  const gateway = createGatewayRuntime({
    supergraph: composed.supergraphSdl, logging: false,
    propagateHeaders: { fromClientToSubgraphs: () => ({ authorization }) },
  })
  const response = await gateway.fetch('http://router/graphql', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }),
  })
  told.hive = { answer: await response.json(), asked: asked.splice(0) }
  await gateway[Symbol.asyncDispose]?.()
}
console.log(JSON.stringify(told))
process.exit(0)
