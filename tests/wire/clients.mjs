// Each client sends a query, a mutation, an invalid query and, if it supports them, a subscription:
// node clients.mjs <graphql url> <token> <cases.json> <folder for Relay's artifacts>; prints a line of JSON.
// Cases: {sdl, query, variables, mutation, mutationVariables, failing, subscription?}.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { Client, cacheExchange, fetchExchange, subscriptionExchange } from '@urql/core'
import { GraphQLClient } from 'graphql-request'
import { createClient } from 'graphql-ws'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import relayRuntime from 'relay-runtime'
import WebSocket from 'ws'
import { relay } from './relay.mjs'

const [url, token, casesFile, folder] = process.argv.slice(2)
const cases = JSON.parse(readFileSync(casesFile, 'utf8'))
const headers = { authorization: `Bearer ${token}` }
const report = {}

function sockets() {
  return createClient({
    url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${token}` },
  })
}

async function all(client, payload) {
  const answers = []
  for await (const answer of client.iterate(payload)) answers.push(answer)
  return answers
}

{
  const client = sockets()
  const [query] = await all(client, { query: cases.query, variables: cases.variables })
  const [mutation] = await all(client, { query: cases.mutation, variables: cases.mutationVariables })
  const failing = await all(client, { query: cases.failing }).catch((error) => error)
  const events = cases.subscription ? await all(client, { query: cases.subscription }) : []
  await client.dispose()
  report['graphql-ws'] = { query: query.data, mutation: mutation.data, failing: failing[0].extensions.code, events: events.map(({ data }) => data) }
}
{
  const client = new GraphQLClient(url, { headers })
  const failing = await client.request(cases.failing).catch((error) => error.response.errors)
  report['graphql-request'] = {
    query: await client.request(cases.query, cases.variables),
    mutation: await client.request(cases.mutation, cases.mutationVariables),
    failing: failing[0].extensions.code,
  }
}
{
  const events = sockets()
  const client = new Client({
    url, fetchOptions: { headers }, preferGetMethod: false,
    exchanges: [cacheExchange, fetchExchange, subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({ unsubscribe: events.subscribe({ ...request, query: request.query ?? '' }, sink) }),
      }),
    })],
  })
  const failing = await client.query(cases.failing, {}).toPromise()
  report.urql = {
    query: plain((await client.query(cases.query, cases.variables).toPromise()).data),
    mutation: plain((await client.mutation(cases.mutation, cases.mutationVariables).toPromise()).data),
    failing: failing.error.graphQLErrors[0].extensions.code,
  }
  await events.dispose()
}
{
  const link = new HttpLink({ uri: url, headers })
  const client = new ApolloClient({ link: ApolloLink.from([link]), cache: new InMemoryCache() })
  const failing = await client.query({ query: gql(cases.failing) }).catch((error) => error)
  report.apollo = {
    query: plain((await client.query({ query: gql(cases.query), variables: cases.variables })).data),
    mutation: plain((await client.mutate({ mutation: gql(cases.mutation), variables: cases.mutationVariables })).data),
    failing: failing.errors[0].extensions.code,
  }
  client.stop()
}
{
  const { Environment, Network, RecordSource, Store, commitMutation, fetchQuery } = relayRuntime
  const artifacts = relay(cases.sdl, [['CaseQuery', cases.query], ['ChangeMutation', cases.mutation]], folder)
  const artifact = async (name) => (await import(pathToFileURL(artifacts.find((path) => path.includes(name))))).default
  const network = Network.create(async ({ text }, variables) => {
    const body = JSON.stringify({ query: text, variables })
    const response = await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body })
    return response.json()
  })
  const environment = new Environment({ network, store: new Store(new RecordSource()) })
  const [caseQuery, change] = [await artifact('CaseQuery'), await artifact('ChangeMutation')]
  report.relay = {
    query: plain(await fetchQuery(environment, caseQuery, cases.variables).toPromise()),
    mutation: await new Promise((onCompleted, onError) => commitMutation(environment, {
      mutation: change, variables: cases.mutationVariables, onCompleted, onError,
    })),
  }
}
console.log(JSON.stringify(report))
process.exit(0)

// Removes the __typename that caches add.
function plain(value) {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === '__typename' ? undefined : inner)))
}
