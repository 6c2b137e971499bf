// Sends cross-origin requests from a real browser: node cors.mjs <graphql url> <chromium> <token> <origin of an empty page>...
// Prints, for each origin, which responses the page's script could read, as a line of JSON.
import puppeteer from 'puppeteer-core'

const [url, executablePath, token, ...origins] = process.argv.slice(2)
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
const report = {}
try {
  for (const origin of origins) {
    const page = await browser.newPage()
    await page.goto(`${origin}/empty.html`)
    report[origin] = await page.evaluate(async (address, token) => {
      const send = async (headers, body) => {
        try {
          const response = await fetch(address, { method: 'POST', headers, body })
          return response.status
        } catch { return 'blocked' }
      }
      const body = JSON.stringify({ query: '{ __typename }' })
      return {
        json: await send({ 'content-type': 'application/json', authorization: `Bearer ${token}`, 'x-denied': 'null' }, body),
        simple: await send({ 'content-type': 'text/plain' }, body),
      }
    }, url, token)
  }
} finally {
  await browser.close()
}
console.log(JSON.stringify(report))
