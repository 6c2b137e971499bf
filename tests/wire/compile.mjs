// Compiles operations with relay-compiler, and with graphql-codegen and tsc --strict:
// node compile.mjs <schema.graphql> <folder of operations> <empty folder>; prints a line of JSON.
import { generate } from '@graphql-codegen/cli'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, print } from 'graphql'
import { relay } from './relay.mjs'

const [schema, operations, out] = process.argv.slice(2)
const require = createRequire(import.meta.url)
const files = readdirSync(operations).filter((name) => name.endsWith('.graphql'))
const definitions = files.flatMap((name) => parse(readFileSync(join(operations, name), 'utf8')).definitions)

const artifacts = relay(schema, definitions.map((node) => [node.name.value, print(node)]), join(out, 'relay'))

const types = join(out, 'types.ts')
mkdirSync(out, { recursive: true })
await generate({
  schema, documents: join(operations, '*.graphql'), silent: true,
  generates: {
    [join(out, 'schema.ts')]: { plugins: ['typescript'] },
    [types]: { plugins: ['typescript-operations'] },
  },
})
writeFileSync(join(out, 'tsconfig.json'), JSON.stringify({
  compilerOptions: { strict: true, noEmit: true, target: 'es2022', module: 'esnext', moduleResolution: 'bundler', types: [] },
  files: ['schema.ts', 'types.ts'],
}))
try {
  execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', out], { stdio: 'pipe' })
} catch (error) {
  throw new Error(String(error.stdout))
}
const typed = (readFileSync(types, 'utf8').match(/^export type \w+(Query|Mutation|Subscription) =/gm) ?? []).length
console.log(JSON.stringify({ relay: artifacts.length, typed, definitions: definitions.length }))
