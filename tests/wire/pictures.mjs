// Shows pictures on pages: node pictures.mjs <url> <chromium> <token> <screenshot.png> <origin of an empty page>...
// Prints, for the server's own page and for each origin, the sizes of the loaded pictures or null, as a line of JSON.
import puppeteer from 'puppeteer-core'

const [url, executablePath, token, screenshot, ...origins] = process.argv.slice(2)
const query = `{ photos(first: 6) { nodes {
  JPEG: image(width: 256) { url width height } WEBP: image(width: 320, height: 320, fit: COVER, format: WEBP) { url width height }
  AVIF: image(width: 256, format: AVIF) { url width height } } } }`
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
const report = {}
try {
  const own = await browser.newPage()
  let page = own
  await page.goto(`${url}/graphql`, { waitUntil: 'networkidle0' })
  const answer = await page.evaluate(async (query, token) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
    return (await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) })).json()
  }, query, token)
  const images = answer.data.photos.nodes.flatMap((node) => Object.values(node))
  report.expected = images.map(({ width, height }) => [width, height])
  for (const origin of ['own', ...origins]) {
    if (origin !== 'own') {
      // A separate browser context, so that the cache of the first one is not used.
      page = await (await browser.createBrowserContext()).newPage()
      await page.goto(`${origin}/empty.html`)
    }
    report[origin] = await page.evaluate(async (urls) => {
      document.body.innerHTML = ''
      return Promise.all(urls.map((url) => new Promise((resolve) => {
        const image = new Image()
        image.onload = () => resolve([image.naturalWidth, image.naturalHeight])
        image.onerror = () => resolve(null)
        image.src = url
        document.body.append(image)
      })))
    }, images.map((image) => image.url))
    if (origin === 'own') await page.screenshot({ path: screenshot })
  }
  own.on('response', (response) => response.url().includes('/media/') && (report.cached ??= []).push(response.fromCache()))
  await own.goto(`${url}/graphql`, { waitUntil: 'networkidle0' })
  await own.evaluate(async (url) => {
    const image = new Image()
    image.src = url
    await image.decode()
  }, images[0].url)
} finally {
  await browser.close()
}
console.log(JSON.stringify(report))
