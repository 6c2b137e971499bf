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
  page.on('console', (line) => line.type() === 'error' && told.errors.push(line.text()))
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
  const run = async () => {
    await page.click('.graphiql-execute-button')
    await page.waitForFunction(() => document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue().includes('"data"'))
    told.answers.push(JSON.parse(await page.evaluate(() => document.querySelector('.result-window .CodeMirror').CodeMirror.getValue())))
  }
  await run()
  await page.select('#who', told.identities.at(-1))
  await page.waitForNetworkIdle()
  await run()
  await page.click('button[aria-label="Show Documentation Explorer"]')
  await page.waitForSelector('.graphiql-doc-explorer')
  await page.screenshot({ path: screenshot })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
  told.violations = await page.evaluate(() => window.violations)
} finally {
  await browser.close()
}
console.log(JSON.stringify(told))
