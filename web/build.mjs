// Builds the files of the page into ../execution/page: run `npm ci && npm run build` in this folder.
// File names contain a hash of the content, so browsers may cache them without expiry.
import { build } from 'esbuild'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const target = join(here, '..', 'execution', 'page')
const assets = join(target, 'assets')

rmSync(assets, { recursive: true, force: true })
mkdirSync(assets, { recursive: true })
const result = await build({
  absWorkingDir: here,
  entryPoints: { page: 'page.jsx' },
  outdir: assets,
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  keepNames: true, // GraphiQL derives labels for screen readers from function names
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  // Fonts and pictures are embedded in the style sheet: the Content Security Policy allows data: and no other hosts.
  loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'dataurl' },
  legalComments: 'none',
  metafile: true,
})

const built = (ending) => readdirSync(assets).find((name) => name.endsWith(ending))
const page = readFileSync(join(here, 'index.html'), 'utf8')
  .replace('{script}', built('.js')).replace('{style}', built('.css'))
writeFileSync(join(target, 'index.html'), page)
writeFileSync(join(target, 'LICENSES.txt'), notices(result.metafile))

function notices(metafile) {
  const packages = new Set(
    Object.keys(metafile.inputs)
      .map((path) => path.match(/^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[0])
      .filter(Boolean),
  )
  return [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(here, folder, 'package.json'), 'utf8'))
    const file = readdirSync(join(here, folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file ? readFileSync(join(here, folder, file), 'utf8').trim() : `License: ${license}`
    return `${name} ${version} (${license})\n\n${text}\n`
  }).join(`\n${'-'.repeat(80)}\n\n`)
}
