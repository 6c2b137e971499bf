// Runs operations of a photo app with the cache settings of docs/clients.md: node caches.mjs <graphql url> <token> <cases.json>.
// Cases: {operations: {name: text}, introspection}. Prints a line of JSON.
import { ApolloClient, HttpLink, gql } from '@apollo/client'
import { Client, fetchExchange } from '@urql/core'
import { readFileSync } from 'node:fs'
import WebSocket from 'ws'

const [url, token, casesFile] = process.argv.slice(2)
const { operations, introspection } = JSON.parse(readFileSync(casesFile, 'utf8'))
const headers = { authorization: `Bearer ${token}` }
const report = { warnings: [] }
for (const level of ['warn', 'error']) console[level] = (...words) => report.warnings.push(words.map(String).join(' '))
const search = { query: 'neve', languages: ['it'] }

{
  const { cache } = await import('./apollo-cache.mjs')
  const client = new ApolloClient({ link: new HttpLink({ uri: url, headers }), cache })
  const query = async (name, variables) => (await client.query({ query: gql(operations[name]), variables })).data.photos
  const watched = client.watchQuery({ query: gql(operations.TimelineQuery), variables: { first: 2 } })
  const first = await new Promise((resolve) => watched.subscribe(({ data }) => data?.photos && resolve(data.photos)))
  await query('TimelineHeadQuery', {})
  await watched.fetchMore({ variables: { after: first.pageInfo.endCursor } })
  await client.query({ query: gql(operations.SearchHeadQuery), variables: search })
  await client.query({ query: gql(operations.SearchPageQuery), variables: { ...search, first: 2 } })
  const { node } = first.edges[0]
  const change = (favorite) => client.mutate({ mutation: gql(operations.FavoritePhotosMutation), variables: { ids: [node.id], favorite } })
  await change(!node.favorite)
  const read = (name, variables) => client.readQuery({ query: gql(operations[name]), variables })
  const list = read('TimelineQuery', { first: 2 }).photos.edges
  report.apollo = {
    photos: new Set(list.map((edge) => edge.node.id)).size, changed: list[0].node.favorite !== node.favorite,
    total: read('TimelineHeadQuery', {}).photos.total.count, found: read('SearchHeadQuery', search).searchPhotos.things.buckets.length,
  }
  await change(node.favorite)
  client.stop()
}
{
  const { exchange } = await import('./urql-cache.mjs')
  const client = new Client({ url, fetchOptions: { headers }, preferGetMethod: false, exchanges: [exchange(introspection), fetchExchange] })
  const query = async (name, variables, requestPolicy) => (await client.query(operations[name], variables, { requestPolicy }).toPromise()).data
  const { node } = (await query('TimelineQuery', { first: 2 })).photos.edges[0]
  await query('TimelineHeadQuery', {})
  await query('SearchHeadQuery', search)
  const change = (favorite) => client.mutation(operations.FavoritePhotosMutation, { ids: [node.id], favorite }).toPromise()
  await change(!node.favorite)
  const list = (await query('TimelineQuery', { first: 2 }, 'cache-only')).photos.edges
  report.urql = {
    photos: list.length, changed: list[0].node.favorite !== node.favorite,
    total: (await query('TimelineHeadQuery', {}, 'cache-only')).photos.total.count,
    found: (await query('SearchHeadQuery', search, 'cache-only')).searchPhotos.things.buckets.length,
  }
  await change(node.favorite)
}
{
  const { sockets } = await import('./sockets.mjs')
  const client = sockets(url, async () => token, WebSocket)
  for await (const { data } of client.iterate({ query: '{ viewer { kind } }' })) report.sockets = data.viewer.kind
  await client.dispose()
}
console.log(JSON.stringify(report))
process.exit(0)
