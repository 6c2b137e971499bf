import { GraphiQL } from 'graphiql'
import { createGraphiQLFetcher } from '@graphiql/toolkit'
import { useMemo, useReducer } from 'react'
import { createRoot } from 'react-dom/client'
import 'graphiql/style.css'
import './page.css'
import { Identities, fresh } from './identities.js'

const element = document.getElementById('page')
const addressOf = (name) => new URL(element.dataset[name], location.href).href

let redraw = () => {}
const identities = new Identities(addressOf('identities'), () => redraw())

function plainFetcher() {
  return createGraphiQLFetcher({
    url: addressOf('endpoint'),
    fetch: async (address, options) => {
      const who = await fresh(identities)
      const headers = new Headers(options.headers)
      headers.set('accept', 'application/graphql-response+json, application/json;q=0.9')
      if (who && !headers.has('authorization')) headers.set('authorization', `Bearer ${who.token}`)
      return fetch(address, { ...options, headers })
    },
  })
}

function Who() {
  if (!identities.list.length) return null
  return (
    <div className="who">
      <strong>Photos Data Gateway</strong>
      <output>{identities.current?.description}</output>
      <label>
        Who is asking{' '}
        <select id="who" value={identities.chosen} onChange={(event) => identities.choose(event.target.value)}>
          {identities.list.map(({ name }) => <option key={name}>{name}</option>)}
        </select>
      </label>
    </div>
  )
}

function Page({ tabs }) {
  const [, again] = useReducer((count) => count + 1, 0)
  redraw = again
  const fetcher = useMemo(plainFetcher, [])
  return (
    <>
      <Who />
      <div className="explorer">
        <GraphiQL fetcher={fetcher} defaultTabs={tabs} shouldPersistHeaders={false} />
      </div>
    </>
  )
}

function tabOf({ name, query, variables }) {
  // GraphiQL uses the name of the operation as title of the tab.
  const title = name.replace(/\W+(.)?/g, (_, letter) => letter?.toUpperCase() ?? '')
  const named = query.trimStart().startsWith('{') ? `query ${title} ${query.trimStart()}` : query
  const given = variables && Object.keys(variables).length > 0
  return { query: `# ${name}\n${named}`, variables: given ? JSON.stringify(variables, null, 2) : '' }
}

// GraphiQL 4 reads the variables of the first tab from its storage only.
function seed([first]) {
  try {
    if (!first || localStorage.getItem('graphiql:tabState')) return
    localStorage.setItem('graphiql:query', first.query)
    localStorage.setItem('graphiql:variables', first.variables)
  } catch {
    // Storage is not available: the page works, but the first tab has no variables.
  }
}

const [examples] = await Promise.all([
  fetch(addressOf('examples')).then((response) => (response.ok ? response.json() : [])).catch(() => []),
  identities.refresh(),
])
const tabs = examples.map(tabOf)
seed(tabs)
createRoot(element).render(<Page tabs={tabs} />)
