// Runs relay-compiler over named definitions; returns the paths of its artifacts.
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

export function relay(schema, definitions, folder) {
  mkdirSync(join(folder, 'src'), { recursive: true })
  copyFileSync(schema, join(folder, 'schema.graphql'))
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  for (const [name, text] of definitions) {
    // Relay requires that the name of each definition begins with the name of its module.
    const module = name.replace(/(Query|Mutation|Subscription)$/, '')
    writeFileSync(join(folder, 'src', `${module}.js`), `import { graphql } from 'relay-runtime'\ngraphql\`\n${text}\n\`\n`, { flag: 'a' })
  }
  writeFileSync(join(folder, 'relay.config.json'), JSON.stringify({
    src: './src', schema: './schema.graphql', language: 'javascript', eagerEsModules: true,
  }))
  const compiler = require.resolve('relay-compiler/cli.js')
  try {
    execFileSync(process.execPath, [compiler, 'relay.config.json'], { cwd: folder, stdio: 'pipe' })
  } catch (error) {
    throw new Error(`${error.stdout}\n${error.stderr}`)
  }
  const generated = join(folder, 'src', '__generated__')
  return readdirSync(generated).map((name) => join(generated, name))
}
