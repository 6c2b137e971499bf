// GraphiQL in a real browser: node browser.mjs <url> <chromium> <screenshot.png>; prints a line of JSON.
// Every host but our own is cut off, and whatever the policy blocks counts.
import puppeteer from 'puppeteer-core'

const [url, executablePath, screenshot] = process.argv.slice(2)
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'] })
const told = { violations: [], errors: [], foreign: [], sent: [] }
try {
  const page = await browser.newPage()
  await page.setViewport({ width: 1400, height: 900 })
  await page.evaluateOnNewDocument(() => {
    window.violations = []
    addEventListener('securitypolicyviolation', (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`))
  })
  page.on('pageerror', (error) => told.errors.push(error.message))
  // A browser also reports a refused operation, which is an answer.
  const refusal = (line) => line.location().url === `${url}/graphql` && line.text().startsWith('Failed to load resource')
  page.on('console', (line) => line.type() === 'error' && !refusal(line) && told.errors.push(line.text()))
  page.on('request', (request) => {
    const address = request.url()
    if (!address.startsWith(url) && !/^(data|blob):/.test(address)) told.foreign.push(address)
    if (request.method() === 'POST') {
      told.sent.push({ authorization: request.headers().authorization ?? null, body: JSON.parse(request.postData()) })
    }
  })
  const opened = await page.goto(`${url}/graphql`, { waitUntil: 'networkidle0' })
  told.policy = opened.headers()['content-security-policy']
  await page.waitForSelector('.graphiql-execute-button')
  told.tabs = await page.$$eval('.graphiql-tab-button', (tabs) => tabs.map((tab) => tab.textContent.trim()))
  told.identities = await page.$$eval('#who option', (options) => options.map((option) => option.textContent))
  told.answers = []
  for (const name of told.identities) {
    await page.select('#who', name)
    await page.waitForNetworkIdle()
    const [response] = await Promise.all([
      page.waitForResponse((one) => one.request().method() === 'POST'), page.click('.graphiql-execute-button'),
    ])
    const answer = await response.json()
    // What is shown is this answer, and not the one before.
    const part = JSON.stringify(answer.data ?? answer.errors[0].extensions).slice(1, -1)
    await page.waitForFunction((part) => {
      const text = document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()
      return text?.startsWith('{') && JSON.stringify(JSON.parse(text)).includes(part)
    }, {}, part)
    told.answers.push(answer)
  }
  await page.select('#who', told.identities[0])
  await page.click('.graphiql-execute-button')
  await page.waitForNetworkIdle()
  await page.click('button[aria-label="Show Documentation Explorer"]')
  await page.waitForSelector('.graphiql-doc-explorer')
  await page.screenshot({ path: screenshot })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
  told.violations = await page.evaluate(() => window.violations)
} finally {
  await browser.close()
}
console.log(JSON.stringify(told))
